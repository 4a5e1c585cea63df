//! The texts of errors of remote code.

use execnet_test_support::each_python;

use crate::{failure, run};

#[test]
fn a_traceback_shows_the_code_and_nothing_of_the_worker() {
    each_python(|python, gateway| {
        let text = failure(&run(
            gateway,
            "def f():\n    raise ValueError(42)  # here\nf()\n",
        ));
        assert!(
            text.starts_with("Traceback (most recent call last):\n"),
            "{text}"
        );
        assert!(
            text.contains("File \"<remote exec>\", line 2, in f\n    raise ValueError(42)"),
            "{text}"
        );
        assert!(text.ends_with("ValueError: 42\n"), "{text}");
        assert!(
            !text.contains("worker"),
            "Python {}: {text}",
            python.version
        );

        let text = failure(&run(gateway, "x = = 1"));
        assert!(
            text.starts_with("Traceback (most recent call last):\n"),
            "{text}"
        );
        assert!(
            text.contains("SyntaxError") && text.contains("x = = 1"),
            "{text}"
        );
        assert!(!text.contains("worker"), "{text}");

        let text = failure(&run(gateway, "channel.send([1, {'k': object()}])"));
        assert!(
            text.contains("can't serialize <") && text.contains("[1]['k']"),
            "{text}"
        );
        assert!(text.contains("channel.send([1"), "{text}");
        assert!(!text.contains("execnet worker"), "{text}");
    });
}

#[test]
fn a_second_failure_shows_its_own_source() {
    each_python(|_, gateway| {
        assert!(
            failure(&run(gateway, "raise ValueError('first')")).contains("ValueError('first')\n")
        );
        assert!(
            failure(&run(gateway, "raise ValueError('other')")).contains("ValueError('other')\n")
        );
    });
}

#[test]
fn a_module_fails_in_its_own_file() {
    each_python(|_, gateway| {
        let source = "# -*- coding: utf-8 -*-\n\ndef scale():\n    fail()\n\nscale()\n";
        let channel = gateway
            .remote_exec_module(source, "/nowhere/scaling.py")
            .unwrap();
        let text = failure(&channel);
        assert!(
            text.contains("File \"/nowhere/scaling.py\", line 4, in scale\n    fail()"),
            "{text}"
        );
    });
}

#[test]
fn a_traceback_keeps_text_that_is_not_ascii() {
    each_python(|_, gateway| {
        for source in [
            "raise ValueError('\u{e9}')",
            "raise ValueError(u'\u{e9}')",
            "raise ValueError(1)  # \u{e9}",
        ] {
            let channel = gateway.remote_exec_module(source, "/nowhere/\u{e9}.py");
            let text = failure(&channel.unwrap());
            let start = "Traceback (most recent call last):\n  File \"/nowhere/\u{e9}.py\", line 1, in <module>\n";
            assert!(text.starts_with(start), "{text}");
            assert!(
                text.contains(source) && text.contains("\nValueError: "),
                "{text}"
            );
        }
    });
}

#[test]
fn a_long_chain_of_exceptions_is_cut_and_keeps_its_last_message() {
    each_python(|python, gateway| {
        if python.is_2() {
            return;
        }
        for length in [2, 990, 100_000] {
            let source = format!(
                "error = None\nfor n in range({length}):\n    error, cause = ValueError(n), error\n    \
                 error.__cause__ = cause\nraise error"
            );
            let text = failure(&run(gateway, &source));
            assert!(
                text.ends_with(&format!("ValueError: {}\n", length - 1)),
                "{text}"
            );
            assert!(
                text.contains("direct cause") && text.len() < 100_000,
                "{}",
                text.len()
            );
        }
    });
}
