//! A worker in Rust with the functions of the conformance suite.

fn main() -> Result<(), &'static str> {
    execnet::worker_main(execnet_tests::conformance::register);
    Err("this is a worker: specs start it, with --execnet-worker")
}
