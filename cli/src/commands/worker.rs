//! `execnet worker`: serves the built-in functions to the controller that started this process.

use execnet::{ServeError, Worker};

use crate::failure::Failure;

pub(crate) fn run() -> Result<(), Failure> {
    let mut worker = Worker::new();
    #[cfg(unix)]
    execnet::rsync::register(&mut worker);
    execnet::proxy::register(&mut worker);
    execnet::serve_stdio(worker).map_err(|error| match error {
        ServeError::Bootstrap(_) => Failure::Usage("worker".to_owned(), error.into()),
        lost => Failure::Gateway(lost.into()),
    })
}
