"""A plugin for pytest that writes the outcome of each test to the file that XDIST_OUTCOMES names: what plain pytest
makes of a suite, in the words of the example, to be compared by scripts/xdist-suite."""
import os


def pytest_configure(config):
    config.outcomes = open(os.environ["XDIST_OUTCOMES"], "w")
    config.pluginmanager.register(Outcomes(config, config.outcomes.write))


def pytest_unconfigure(config):
    config.outcomes.close()


class Outcomes:
    """Calls `write` with a line for each outcome: the word and the test's id."""

    def __init__(self, config, write):
        self.config = config
        self.write = write

    def pytest_runtest_logreport(self, report):
        if type(report).__name__ != "TestReport":
            return
        status = self.config.hook.pytest_report_teststatus(report=report, config=self.config)
        if status[0]:
            self.write("%s %s\n" % (status[0], report.nodeid))
