//! What several hosts are, asked at the same time.
//!
//! ```text
//! cargo run -p execnet --example inventory -- ssh=web1 ssh=web2 ssh=db
//! ```

use execnet::Group;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let group = Group::from_specs(std::env::args().skip(1))?;
    let facts = "
        import os, platform
        def facts(path):
            disk = os.statvfs(path)
            return platform.node(), platform.system(), disk.f_bavail * disk.f_frsize // 2**30
    ";
    for (gateway, facts) in group.call::<(String, String, u64)>(facts, ("/",), ()) {
        let (name, system, free) = facts?;
        println!("{}: {name} runs {system}, {free} GiB free", gateway.spec());
    }
    Ok(())
}
