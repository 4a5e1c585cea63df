//! `execnet worker`: the built-in functions, for a controller that has started this program.

use execnet::{ServeError, Worker};

use crate::failure::Failure;

pub(crate) fn run() -> Result<(), Failure> {
    let mut worker = Worker::new();
    #[cfg(unix)]
    {
        execnet::rsync::register(&mut worker);
        execnet::relay::register(&mut worker);
    }
    worker.serve_stdio().map_err(|error| match error {
        ServeError::Bootstrap(_) => Failure::Usage("worker".to_owned(), error.into()),
        lost => Failure::Gateway(lost.into()),
    })
}
