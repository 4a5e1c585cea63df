//! The outcome that is printed for each test, and tests that crash their worker.

use crate::{Project, project_that_ends_early};

const SUITE: &str = r#"
import os, signal, pytest

@pytest.mark.parametrize("n", range(10))
def test_good(n, tmp_path): assert tmp_path.exists()
def test_bad(): assert 1 == 2
def test_none(): pytest.skip("no reason")
@pytest.mark.xfail
def test_expected(): assert 0
@pytest.mark.xfail
def test_unexpected(): pass
@pytest.fixture
def broken(): raise RuntimeError("a broken fixture")
def test_broken(broken): pass
def test_deadly():
    os.write(2, b"goodbye, cruel world\n")
    os.kill(os.getpid(), signal.SIGKILL)
@pytest.mark.parametrize("n", range(10))
def test_after(n): pass
"#;

/// A project may say of any warning that it is an error, and the import of a plugin before pytest starts is one.
#[test]
fn projects_for_which_warnings_are_errors_run() {
    let Some(project) = Project::new(&[
        ("test_it.py", "def test_good(): pass\n"),
        ("pytest.ini", "[pytest]\nfilterwarnings = error\n"),
    ]) else {
        return;
    };
    let (told, _) = project.run("50", 0);
    assert!(told.contains("== 1 passed in "), "{told}");
}

#[test]
fn a_test_whose_report_does_not_arrive_is_lost() {
    let Some(project) = Project::new(&[(
        "test_it.py",
        "
def test_mute(pytestconfig):
    for plugin in pytestconfig.pluginmanager.get_plugins():
        if hasattr(plugin, 'sendevent'):
            send = plugin.sendevent
            def some(name, **kwargs):
                if name != 'testreport':
                    send(name, **kwargs)
                if name == 'runtest_protocol_complete':
                    plugin.sendevent = send
            plugin.sendevent = some
            break
def test_good(): pass
",
    )]) else {
        return;
    };
    let (told, _) = project.run("50", 1);
    assert!(told.contains("lost    test_it.py::test_mute"), "{told}");
    assert!(told.contains("== 1 passed, 1 lost in "), "{told}");
}

#[test]
fn a_worker_that_dies_costs_one_test() {
    let Some(project) = Project::new(&[("test_it.py", SUITE)]) else {
        return;
    };
    let (told, _) = project.run("50", 1);
    let count = |outcome: &str, test: &str| {
        let line = format!("{outcome:<7} test_it.py::{test}");
        told.lines()
            .filter(|found| found.starts_with(&line))
            .count()
    };
    for (outcome, test, times) in [
        ("passed", "test_good", 10),
        ("passed", "test_after", 10),
        ("failed", "test_bad", 1),
        ("skipped", "test_none", 1),
        ("xfailed", "test_expected", 1),
        ("xpassed", "test_unexpected", 1),
        ("error", "test_broken", 1),
        ("crashed", "test_deadly", 1),
    ] {
        assert_eq!(count(outcome, test), times, "{outcome} {test}:\n{told}");
    }
    for said in ["died", "SIGKILL", "goodbye, cruel world", "1 crashed in"] {
        assert!(told.contains(said), "{said}:\n{told}");
    }
}

#[test]
fn a_test_that_breaks_pytest_costs_one_test() {
    let broken = "monkeypatch.setattr(sys, 'exc_info', lambda: 0); assert 0";
    let unsendable = "pytest.fail(chr(0xdc80))";
    for statement in [broken, unsendable] {
        let Some(project) = project_that_ends_early(statement) else {
            return;
        };
        let (told, _) = project.run("50", 1);
        assert!(
            told.contains("crashed test_it.py::test_culprit"),
            "{statement}: {told}"
        );
        assert!(
            told.contains("== 21 passed, 1 crashed in "),
            "{statement}: {told}"
        );
    }
}
