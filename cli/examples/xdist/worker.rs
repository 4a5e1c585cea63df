//! A worker of xdist: xdist's own code, on a gateway of this project.

use core::error::Error;
use core::time::Duration;
use std::path::Path;
use std::sync::mpsc::Sender;

use execnet::serializer::Dict;
use execnet::{Channel, Gateway, Group, Item, Value, WorkerExit, report, value};

use crate::event::Event;

/// What has to be known to start one.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// For ours and pytest's part of it.
    pub(crate) spec: String,
    pub(crate) pytest: &'a [String],
    pub(crate) workers: usize,
    /// A directory for the temporary files of all workers, where they are on this machine.
    pub(crate) scratch: Option<&'a Path>,
    /// The same for all workers of a run.
    pub(crate) run: String,
}

/// One that was started. Its events come over the channel that it was started with.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) id: String,
    gateway: Gateway,
    channel: Channel,
}

type Result<T> = core::result::Result<T, Box<dyn core::error::Error>>;

/// Answers with the text and the path of `xdist.remote`, and adds the plugin of the next line.
const MODULE: &str = include_str!("worker.py");
const PLUGIN: [&str; 2] = ["-p", "execnet_xdist_worker"];

const PATIENCE: Duration = Duration::from_secs(60);

impl Worker {
    /// Starts one; `number` comes with each of its events.
    pub(crate) fn start(
        group: &Group,
        plan: &Plan<'_>,
        number: usize,
        events: Sender<(usize, Event)>,
    ) -> Result<Self> {
        let id = format!("gw{number}");
        let spec = format!("{}//id={id}//execmodel=main_thread_only", plan.spec);
        let gateway = group.make_gateway(spec)?;
        let asked = gateway.remote_exec(MODULE)?;
        let (source, file): (String, String) = asked.receive_timeout(PATIENCE).map(pair)??;
        // Its main thread is to be free again.
        asked.wait_close_timeout(PATIENCE)?;
        let channel = gateway.remote_exec_module(&source, &file)?;
        channel.send(plan.greeting(&id))?;
        channel.set_callback_with_end_marker(move |item: Option<Item>| {
            let event = item.map_or(Some(Event::Ended), |item| Event::read(&item));
            // Nobody listens any more when the run is over.
            let _ = event.map(|event| events.send((number, event)));
        })?;
        Ok(Self {
            id,
            gateway,
            channel,
        })
    }

    /// Has it run these tests after those it has.
    pub(crate) fn run(&self, tests: &[usize]) -> Result<()> {
        let tests = tests.iter().map(|&test| Value::from(test as u64));
        self.say("runtests", &[("indices", Value::List(tests.collect()))])
    }

    /// Has it leave after the tests it has.
    pub(crate) fn shut_down(&self) -> Result<()> {
        self.say("shutdown", &[])
    }

    /// Ends its gateway: it has nothing left to do.
    pub(crate) fn leave(&self) {
        // One that has died has left.
        self.gateway.exit();
    }

    /// Why nothing more comes from it, with the causes behind that.
    pub(crate) fn end(&self) -> String {
        let error = match self.channel.wait_close_timeout(PATIENCE) {
            Ok(()) => return "it ended without a farewell".to_owned(),
            Err(error) => error,
        };
        // A traceback of C is long, and its top is what matters.
        let mut cause: Option<&dyn Error> = Some(&error);
        while let Some(error) = cause {
            if let Some(exit) = error.downcast_ref::<WorkerExit>() {
                let how = exit
                    .exit()
                    .map_or_else(|| "its link was lost".to_owned(), |exit| exit.to_string());
                return format!("{how}\n{}", exit.stderr());
            }
            cause = error.source();
        }
        report(&error).to_string()
    }

    fn say(&self, command: &str, arguments: &[(&str, Value)]) -> Result<()> {
        let pairs = arguments.iter().cloned();
        let arguments: Dict = pairs.map(|(key, value)| (key.into(), value)).collect();
        Ok(self.channel.send((command, Value::Dict(arguments)))?)
    }
}

impl Plan<'_> {
    /// The first item that xdist's worker expects.
    fn greeting(&self, id: &str) -> Value {
        let input = value!({
            "workerid": (id), "workercount": (self.workers as u64), "testrunuid": (self.run.as_str()), "mainargv": ["xdist"],
        });
        let pytest = PLUGIN
            .into_iter()
            .chain(self.pytest.iter().map(String::as_str));
        let scratch = self.scratch.map(|path| path.join(format!("popen-{id}")));
        let options = scratch.as_deref().and_then(Path::to_str);
        let options = options.map_or_else(Dict::new, |path| {
            Dict::from_iter([(Value::from("basetemp"), path.into())])
        });
        // Without a path of modules it takes its own, with its directory in front.
        Value::Tuple(vec![
            input,
            Value::List(pytest.map(Value::from).collect()),
            Value::Dict(options),
            Value::None,
        ])
    }
}

fn pair(item: Item) -> Result<(String, String)> {
    let wrong = "the worker answers something else than its module";
    match item.into_value() {
        Value::Tuple(parts) => match <[Value; 2]>::try_from(parts) {
            Ok([Value::Str(source), Value::Str(file)]) => {
                Ok((source.to_string(), file.to_string()))
            }
            _ => Err(wrong.into()),
        },
        _ => Err(wrong.into()),
    }
}
