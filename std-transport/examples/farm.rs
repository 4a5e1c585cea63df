//! A farm of Python workers: tasks, and their results as they complete.
//!
//! ```text
//! cargo run -p execnet --example farm -- 4
//! ```

use execnet::{Group, Pool};

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let workers = std::env::args().nth(1).map_or(Ok(4), |text| text.parse())?;
    let pool = Pool::new(Group::from_specs(vec!["popen"; workers])?)?;
    let digits = "
        import math
        def digits(n): return len(str(math.factorial(n)))
    ";
    for (index, count) in pool.map_unordered::<u64>(digits, (0..20).map(|n| n * 50)) {
        println!("{}! has {} digits", index * 50, count?);
    }
    Ok(())
}
