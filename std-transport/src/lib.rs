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
#![cfg_attr(not(windows), forbid(unsafe_code))]
#![cfg_attr(windows, deny(unsafe_code))]
// Durations come from users.
#![warn(clippy::arithmetic_side_effects)]

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

extern crate alloc;

#[cfg(not(any(unix, windows)))]
compile_error!(
    "execnet runs on Unix systems and on Windows; execnet-serializer and execnet-core-sync work without a system"
);

mod askpass;
mod bootstrap;
mod call;
mod command;
mod connect;
mod deadline;
mod error;
#[cfg(test)]
mod error_texts;
mod exit;
mod gateway_ext;
mod group;
mod handshake;
pub mod link;
mod options;
mod payload;
mod peer;
mod pool;
mod printable;
mod process;
pub mod proxy;
mod python;
mod remote_command;
pub mod rsync;
#[cfg(feature = "self-exec")]
mod self_exec;
mod serial;
#[cfg(feature = "slurm")]
mod slurm;
mod socket;
mod spec;
mod start;
mod stderr;
mod stdio_worker;
mod sync;
mod sys;
mod transport;

pub use askpass::AskPass;
pub use call::CallError;
#[cfg(feature = "slurm")]
pub use error::SlurmError;
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
pub use exit::Exit;
pub use gateway_ext::GatewayExt;
pub use group::{
    Group, GroupNotEmpty, MemberError, Outcome, TerminateReport, default_group, make_gateway,
};
pub use options::GroupOptions;
pub use payload::Stdout;
pub use pool::{Pool, PoolCall, PoolOptions, PoolProgress};
pub use remote_command::{CommandError, CommandOutput, RemoteChild, RemoteCommand};
#[cfg(feature = "self-exec")]
pub use self_exec::worker_main;
#[cfg(feature = "slurm")]
pub use slurm::SlurmAllocation;
#[cfg(feature = "tls")]
pub use socket::TlsFiles;
pub use socket::{
    Listen, Server, ServerBindError, ServerEvent, ServerOptions, ServerReload, ServerReloadError,
    ServerStop, Token,
};
pub use spec::{IntoXSpec, SpecError, XSpec};
pub use stderr::{LineCallback, STDERR_TAIL, Stderr};
pub use stdio_worker::serve_stdio;
