//! Start Python interpreters, run code in them, and talk with it over channels: [execnet](https://execnet.readthedocs.io)
//! for Rust programs.
//!
//! A [`Group`] makes [`Gateway`]s from specs. A gateway runs code on the other side; the code and this program then
//! exchange items over the [`Channel`] that the call returns. The interpreter needs nothing but its standard
//! library: the worker's program is part of this crate and goes over the link.
//!
//! ```text
//! "popen//python=python3.12"  ─▶  Group  ─▶  Gateway  ─▶  remote_exec("...")  ─▶  Channel  ⇄  `channel` in the code
//! ```
//!
//! ```no_run
//! let group = execnet::Group::new();
//! let gateway = group.make_gateway("popen")?;
//! let channel = gateway.remote_exec("
//!     import os
//!     for name in os.listdir(channel.receive()):
//!         channel.send(name)
//! ")?;
//! channel.send("/")?;
//! for name in &channel {
//!     println!("{:?}", *name?);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The code that is sent has all rights of the account it runs under. The reverse does not hold: a worker can make
//! calls here return errors, and nothing else.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `json` (default) | values into and out of JSON: [`serializer::json`] |
//! | `literal` (default) | Python's notation of values: `Display` and `FromStr` of [`Value`] |
//! | `self-exec` (default) | the running program as its own worker: `worker=self`, [`worker_main`] |
//! | `slurm` (default) | workers that Slurm starts: `slurm=`, [`SlurmAllocation`], [`Group::from_slurm`] |
//! | `stock-rsync` (default) | syncs from stock execnet's `RSync` into a worker in Rust |
//! | `tls` (default) | sockets with TLS and certificates on both sides: `tls=`, [`Listen::Tls`] |
//! | `postcard` | channels between Rust peers whose items are what postcard writes: [`PostcardChannel`] |
//!
//! A spec that asks for a part that is not compiled in is refused with [`SpecError::NeedsFeature`].

#![cfg_attr(docsrs, feature(doc_cfg))]
// Durations come from users.
#![warn(clippy::arithmetic_side_effects)]

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(unix)]
extern crate alloc;

// Its modules are left out there, so that this is the only error.
#[cfg(not(unix))]
compile_error!(
    "execnet runs on Unix systems alone so far; execnet-serializer and execnet-core-sync work on Windows too"
);

#[cfg(unix)]
mod askpass;
#[cfg(unix)]
mod bootstrap;
#[cfg(unix)]
mod call;
#[cfg(unix)]
mod command;
#[cfg(unix)]
mod connect;
#[cfg(unix)]
mod deadline;
#[cfg(unix)]
mod error;
#[cfg(test)]
#[cfg(unix)]
mod error_texts;
#[cfg(unix)]
mod exit;
#[cfg(unix)]
mod gateway_ext;
#[cfg(unix)]
mod group;
#[cfg(unix)]
mod handshake;
#[cfg(unix)]
pub mod link;
#[cfg(unix)]
mod options;
#[cfg(unix)]
mod payload;
#[cfg(unix)]
mod peer;
#[cfg(unix)]
mod pool;
#[cfg(unix)]
mod printable;
#[cfg(unix)]
mod private;
#[cfg(unix)]
mod process;
#[cfg(unix)]
pub mod proxy;
#[cfg(unix)]
mod python;
#[cfg(unix)]
mod remote_command;
#[cfg(unix)]
pub mod rsync;
#[cfg(feature = "self-exec")]
#[cfg(unix)]
mod self_exec;
#[cfg(unix)]
mod serial;
#[cfg(feature = "slurm")]
#[cfg(unix)]
mod slurm;
#[cfg(unix)]
mod socket;
#[cfg(unix)]
mod spec;
#[cfg(unix)]
mod start;
#[cfg(unix)]
mod stderr;
#[cfg(unix)]
mod stdio_worker;
#[cfg(unix)]
mod sync;
#[cfg(unix)]
mod transport;
#[cfg(unix)]
mod wait;

#[cfg(unix)]
pub use askpass::AskPass;
#[cfg(unix)]
pub use call::CallError;
#[cfg(feature = "slurm")]
#[cfg(unix)]
pub use error::SlurmError;
#[cfg(unix)]
pub use error::{BootstrapError, BootstrapErrorKind, MakeGatewayError, WorkerExit};
#[cfg(feature = "postcard")]
pub use execnet_core_sync::PostcardChannel;
pub use execnet_core_sync::{
    CallbackError, CallbackResult, Channel, ChannelFileRead, ChannelFileWrite, DisconnectReason,
    Disconnected, ExecModel, Gateway, GatewayConfig, Grace, InboxLimits, InboxOverflow, Item,
    ItemError, Iter, MultiChannel, MultiError, MultiErrors, OverflowPolicy, ReceiveError,
    ReceiveQueue, RefusedId, RemoteError, RemoteInfo, Report, Role, SendError, ServeError,
    SetCallbackError, Status, StatusError, TypeError, WaitCloseError, Worker, report, worker,
};
#[doc(hidden)]
pub use execnet_core_sync::{controls_terminal, escaped};
pub use execnet_serializer as serializer;
pub use execnet_serializer::{Limits, Value, value};
#[cfg(unix)]
pub use exit::Exit;
#[cfg(unix)]
pub use gateway_ext::GatewayExt;
#[cfg(unix)]
pub use group::{
    Group, GroupNotEmpty, MemberError, Outcome, TerminateReport, default_group, make_gateway,
};
#[cfg(unix)]
pub use options::GroupOptions;
#[cfg(unix)]
pub use payload::Stdout;
#[cfg(unix)]
pub use pool::{Pool, PoolCall, PoolOptions, PoolProgress};
#[cfg(unix)]
pub use remote_command::{CommandError, CommandOutput, RemoteChild, RemoteCommand};
#[cfg(feature = "self-exec")]
#[cfg(unix)]
pub use self_exec::worker_main;
#[cfg(feature = "slurm")]
#[cfg(unix)]
pub use slurm::SlurmAllocation;
#[cfg(feature = "tls")]
#[cfg(unix)]
pub use socket::TlsFiles;
#[cfg(unix)]
pub use socket::{
    Listen, Server, ServerBindError, ServerEvent, ServerOptions, ServerReload, ServerReloadError,
    ServerStop, Token,
};
#[cfg(unix)]
pub use spec::{IntoXSpec, SpecError, XSpec};
#[cfg(unix)]
pub use stderr::{LineCallback, STDERR_TAIL, Stderr};
#[cfg(unix)]
pub use stdio_worker::serve_stdio;
