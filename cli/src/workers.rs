//! The workers of a command, and their shutdown.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::env;

use execnet::{
    AskPass, Gateway, Grace, Group, GroupOptions, MakeGatewayError, Outcome, TerminateReport, XSpec,
};

use crate::failure::{Failure, KILLED};
use crate::messages;
use crate::prompt::Prompt;
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
    prompt: Option<Arc<Prompt>>,
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
            prompt: None,
        }
    }

    /// Has a prompt handle interrupts while code runs, instead of ending the command.
    pub(crate) fn set_prompt(&mut self, prompt: Arc<Prompt>) {
        self.prompt = Some(prompt);
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

    fn begin_stop(&self) {
        self.stopping.store(true, Ordering::Release);
        // Before the messages about the shutdown.
        if let Some(prompt) = &self.prompt {
            prompt.restore_terminal();
        }
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
        self.prompt.as_deref().is_some_and(Prompt::interrupt)
    }

    fn shut_down(&self) -> bool {
        self.begin_stop();
        report_killed(&self.group.terminate_timeout(self.grace))
    }

    fn kill(&self) -> bool {
        self.begin_stop();
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
