//! Prints files of another machine, which a server of ten lines of Python reads there.
//!
//! ```text
//! cargo run -p execnet --example file_server -- ssh=web1 /etc/hostname /etc/fstab
//! ```

use core::error::Error;
use std::io::{Write as _, stdout};

use execnet::{Group, Value};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let spec = arguments.next().ok_or("usage: file_server SPEC PATH...")?;
    let group = Group::new();
    let server = group.make_gateway(spec)?.remote_exec(
        "
        for path in channel:
            try:
                with open(path, 'rb') as file:
                    for part in iter(lambda: file.read(65536), b''):
                        channel.send(part)
                channel.send(None)
            except EnvironmentError as error:
                channel.send(str(error))
        ",
    )?;
    for path in arguments {
        server.send(path)?;
        while let Some(part) = server.receive_as::<Option<Value>>()? {
            match part {
                Value::Bytes(bytes) => stdout().write_all(&bytes)?,
                error => {
                    eprintln!("{error}");
                    break;
                }
            }
        }
    }
    Ok(())
}
