//! The worker of each measure, and how it is started.

use alloc::sync::Arc;
use core::error::Error;
use std::fs::File;
use std::io::{self, Read as _, Write};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use embedded_io_adapters::std::FromStd;
use execnet::link::{Descriptor, Link, NoControl};
use execnet::{Channel, Gateway, GatewayConfig, Role, Worker};
use execnet_core_sync::endpoint::{Endpoint, EndpointChannel, EndpointConfig, Functions};

use super::figures::Outcome;

/// The bytes of a frame that carries an int.
pub(super) const FRAME: usize = 15;

type Done = Result<(), Box<dyn Error + Send + Sync>>;

/// This program in another process, for the role of that name.
pub(super) fn start(role: &str) -> Outcome<(Child, ChildStdin, ChildStdout)> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg(role)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let ends = child.stdin.take().zip(child.stdout.take());
    let (stdin, stdout) = ends.ok_or("a process without pipes")?;
    Ok((child, stdin, stdout))
}

/// A gateway with threads to a worker with threads.
pub(super) fn gateway() -> Outcome<(Gateway, Child)> {
    let (child, stdin, stdout) = start("worker")?;
    let link = link(File::from(OwnedFd::from(stdout)), stdin);
    let gateway = Gateway::new(link, GatewayConfig::new("bench", Role::Initiator))?;
    Ok((gateway, child))
}

/// An endpoint whose peer is one.
pub(super) fn endpoint_pair() -> Outcome<(Endpoint, Child)> {
    let (child, stdin, stdout) = start("endpoint-worker")?;
    let config = EndpointConfig::new(Role::Initiator);
    let endpoint = Endpoint::new(FromStd::new(stdout), FromStd::new(stdin), config);
    Ok((endpoint, child))
}

/// Standard input and output without the buffers of the standard library.
fn streams() -> io::Result<(File, File)> {
    let stdin = io::stdin().as_fd().try_clone_to_owned()?;
    let stdout = io::stdout().as_fd().try_clone_to_owned()?;
    Ok((stdin.into(), stdout.into()))
}

/// As the links of the transports over pipes are.
fn link(reader: File, writer: impl Write + Send + 'static) -> Link {
    let reader = Arc::new(reader);
    let poll_reader = Arc::new(Descriptor::new(reader.clone()));
    Link::from_std(reader, writer, Arc::new(NoControl)).with_poll_reader(poll_reader)
}

/// Sends back what it reads.
pub(super) fn pipe() -> Outcome {
    let (mut stdin, mut stdout) = streams()?;
    let mut frame = [0; FRAME];
    loop {
        match stdin.read(&mut frame)? {
            0 => return Ok(()),
            len => stdout.write_all(frame.get(..len).unwrap_or_default())?,
        }
    }
}

pub(super) fn endpoint() -> Outcome {
    let (stdin, stdout) = streams()?;
    let config = EndpointConfig::new(Role::Worker);
    let endpoint = Endpoint::new(FromStd::new(stdin), FromStd::new(stdout), config);
    let mut functions = Functions::new();
    functions.register("echo", |channel: &EndpointChannel| -> Done {
        loop {
            channel.send(&*channel.receive()?)?;
        }
    });
    Ok(endpoint.serve(&functions)?)
}

pub(super) fn threaded() -> Outcome {
    let (stdin, stdout) = streams()?;
    let mut worker = Worker::new();
    worker
        .register("echo", echo)
        .register("count", count)
        .register("items", items)
        .register("batch", batch);
    Ok(worker.serve(link(stdin, stdout))?)
}

fn echo(channel: &Channel) -> Done {
    for item in channel {
        channel.send(&*item?)?;
    }
    Ok(())
}

/// Counts items until there comes none that is an int.
fn count(channel: &Channel) -> Done {
    let mut count = 0;
    while channel.receive()?.as_i64().is_some() {
        count += 1;
    }
    Ok(channel.send(count)?)
}

/// Waits for an item, then sends `n` items.
fn items(channel: &Channel, n: u32) -> Done {
    channel.receive()?;
    for item in 0..n {
        channel.send(item)?;
    }
    Ok(())
}

/// As [`items`], many to a write.
fn batch(channel: &Channel, n: u32) -> Done {
    channel.receive()?;
    Ok(channel.send_all(0..n)?)
}
