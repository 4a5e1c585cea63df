//! The predicates of errors, and the getters of settings.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use execnet_serializer::loads;

use crate::{
    CallbackError, DisconnectReason, Disconnected, ExecModel, GatewayConfig, InboxOverflow,
    ItemError, ReceiveError, RemoteError, Role, TypeError, WaitCloseError,
};

fn disconnected() -> Disconnected {
    Disconnected::new(DisconnectReason::EndOfStream, None)
}

fn overflow() -> InboxOverflow {
    InboxOverflow { limit: 7 }
}

fn item() -> ItemError {
    ItemError::Type(TypeError::new("it differs".into()))
}

#[test]
fn each_predicate_of_a_receive_error_is_true_of_one_variant() {
    let errors = [
        ReceiveError::Timeout,
        ReceiveError::Closed,
        ReceiveError::Disconnected(disconnected()),
        ReceiveError::Overflow(overflow()),
        ReceiveError::Remote(RemoteError::new("failed")),
        ReceiveError::Item(item()),
        ReceiveError::HasCallback,
    ];
    for (at, error) in errors.iter().enumerate() {
        assert_eq!(error.is_timeout(), at == 0, "{error}");
        assert_eq!(error.is_closed(), at == 1, "{error}");
        assert_eq!(error.is_disconnected(), at == 2, "{error}");
        assert_eq!(error.is_overflow(), at == 3, "{error}");
        assert_eq!(error.as_remote().is_some(), at == 4, "{error}");
    }
}

#[test]
fn each_predicate_of_a_wait_close_error_is_true_of_one_variant() {
    let errors = [
        WaitCloseError::Timeout,
        WaitCloseError::Disconnected(disconnected()),
        WaitCloseError::Overflow(overflow()),
        WaitCloseError::Remote(RemoteError::new("failed")),
    ];
    for (at, error) in errors.iter().enumerate() {
        assert_eq!(error.is_timeout(), at == 0, "{error}");
        assert_eq!(error.is_disconnected(), at == 1, "{error}");
        assert_eq!(error.is_overflow(), at == 2, "{error}");
    }
}

#[test]
fn type_errors_are_distinguished_from_malformed_items() {
    assert!(item().is_type());
    let malformed = ItemError::Load(loads(b"\x02Z").unwrap_err());
    assert!(!malformed.is_type());
    assert!(!CallbackError::Item(item()).is_panic());
    assert!(CallbackError::Panicked("at work".into()).is_panic());
}

#[test]
fn a_configuration_returns_what_it_was_given() {
    let config = GatewayConfig::new("gw7", Role::Initiator).with_spec("popen//id=gw7");
    assert_eq!((config.id(), config.spec()), ("gw7", "popen//id=gw7"));
    for model in [ExecModel::Thread, ExecModel::MainThreadOnly] {
        assert_eq!(ExecModel::named(model.as_str()), Some(model));
    }
    assert_eq!(ExecModel::named("gevent"), None);
}
