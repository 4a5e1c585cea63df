//! The workers of a command, and their shutdown.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::env;
use std::sync::OnceLock;

use execnet::{
    AskPass, Channel, Gateway, Grace, Group, GroupOptions, MakeGatewayError, Outcome,
    TerminateReport, XSpec,
};

use crate::failure::{Failure, KILLED};
use crate::messages;
use crate::watch::{Shutdown, Watch};

/// What a worker reports for code that was interrupted, instead of a traceback.
const INTERRUPTED: &str = "keyboard-interrupted";

/// Whether a remote error is that of code which was interrupted.
pub(crate) fn is_interrupt(text: &str) -> bool {
    text == INTERRUPTED
}

/// The workers of one run of a command.
#[derive(Debug)]
pub(crate) struct Workers {
    group: Group,
    grace: Duration,
    /// The workers are being shut down, so that no further ones may be started.
    stopping: AtomicBool,
    interrupts: Option<Arc<Interrupts>>,
}

/// Passes interrupts on to the code in a worker, while it runs.
#[derive(Debug, Default)]
pub(crate) struct Interrupts {
    channel: OnceLock<Channel>,
    running: AtomicBool,
}

impl Interrupts {
    /// Sets the channel on which an item is sent for each interrupt.
    pub(crate) fn set_channel(&self, channel: Channel) {
        // Only the first one counts.
        let _ = self.channel.set(channel);
    }

    pub(crate) fn set_running(&self, running: bool) {
        self.running.store(running, Ordering::Relaxed);
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// Returns false if no code runs.
    fn pass_on(&self) -> bool {
        let channel = self.channel.get().filter(|_| self.is_running());
        channel.is_some_and(|channel| channel.send(true).is_ok())
    }
}

impl Workers {
    /// Creates an empty set of workers, which have `grace` to exit when they are shut down.
    pub(crate) fn new(options: GroupOptions, grace: Duration) -> Self {
        // Code may end by itself when its link does, but interrupted code needs the rest of the time.
        let interrupt = options.grace().interrupt().min(grace.mul_f64(0.5));
        // A worker on another machine, which cannot be killed from here, exits by itself a little later.
        let leave = grace.saturating_add(Duration::from_secs(1));
        let ours = Grace::new().with_interrupt(interrupt).with_leave(leave);
        let options = options.with_grace(ours);
        // The variable of sudo, with the same meaning.
        let group = Group::with_options(match env::var_os("SUDO_ASKPASS") {
            Some(program) => options.with_askpass(AskPass::program(program)),
            None => options,
        });
        Self {
            group,
            grace,
            stopping: AtomicBool::new(false),
            interrupts: None,
        }
    }

    /// Has interrupts go to code that runs, instead of ending the command.
    pub(crate) fn pass_interrupts_to(&mut self, interrupts: Arc<Interrupts>) {
        self.interrupts = Some(interrupts);
    }

    /// Starts a worker, unless the workers are being shut down.
    pub(crate) fn make_gateway(&self, spec: &XSpec) -> Result<Gateway, Failure> {
        let made = self.group.make_gateway(spec);
        let gateway = made.map_err(gateway_failure)?;
        // The group refuses a gateway that was requested before the shutdown. One that was requested after it sees this.
        if self.are_stopping() {
            gateway.kill();
            return Err(gateway_failure(MakeGatewayError::Terminated));
        }
        Ok(gateway)
    }

    /// Whether the workers are being shut down.
    pub(crate) fn are_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Shuts the workers down before the command has ended.
    pub(crate) fn stop(&self) {
        self.shut_down();
    }

    /// Runs a command with these workers and shuts them down afterwards. On a timeout or a signal they are shut down
    /// earlier, and the process exits in here.
    pub(crate) fn run(
        self,
        timeout: Option<Duration>,
        work: impl FnOnce(&Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let workers = Arc::new(self);
        let watch = Watch::start(timeout, Arc::clone(&workers))
            .map_err(|error| Failure::Gateway(error.into()))?;
        let outcome = work(&workers);
        // Before the shutdown: a signal that comes in between kills, instead of starting a second shutdown.
        watch.start_grace();
        let killed = workers.shut_down();
        // The process exits without returning the failure: report how the remote code handled its interrupt.
        if let Err(failure @ Failure::Remote(text)) = &outcome
            && watch.is_shutting_down()
            && !is_interrupt(text)
        {
            failure.report();
        }
        // If a timeout or a signal has begun the shutdown, this waits for the exit of the process and does not return.
        drop(watch);
        match outcome {
            Ok(()) | Err(Failure::Reported(_)) if killed => Err(Failure::Reported(KILLED)),
            Err(failure @ (Failure::Remote(_) | Failure::Data(_) | Failure::Output(_)))
                if killed =>
            {
                failure.report();
                Err(Failure::Reported(KILLED))
            }
            outcome => outcome,
        }
    }
}

impl Shutdown for Workers {
    fn interrupt(&self) -> bool {
        let interrupts = self.interrupts.as_deref();
        interrupts.is_some_and(Interrupts::pass_on)
    }

    fn shut_down(&self) -> bool {
        self.stopping.store(true, Ordering::Release);
        report_killed(&self.group.terminate_timeout(self.grace))
    }

    fn kill(&self) -> bool {
        self.stopping.store(true, Ordering::Release);
        report_killed(&self.group.terminate_timeout(Duration::ZERO))
    }
}

/// Prints which workers were killed, and returns whether there are any.
fn report_killed(reports: &[TerminateReport]) -> bool {
    let mut killed = false;
    for report in reports {
        let text = match report.outcome {
            Outcome::Killed(_) => {
                "the worker did not exit in time and was killed; --grace gives it more time"
            }
            Outcome::Survived => "the worker was killed but has not exited yet",
            _ => continue,
        };
        killed = true;
        messages::print(&format!("{}: {text}", report.id));
    }
    killed
}

/// A failed start as the failure of a command.
fn gateway_failure(error: MakeGatewayError) -> Failure {
    match error {
        MakeGatewayError::Spec(error) => Failure::Usage("invalid spec".into(), error.into()),
        error => Failure::Start(error),
    }
}
