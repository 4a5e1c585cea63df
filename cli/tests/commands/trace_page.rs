//! The page of `execnet trace show` in a browser.

use std::fs;
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::support::{DEADLINE, run};

/// Collects what the page reports, before its own script runs.
const ERRORS: &str = "<script>
window.errors = [];
for (const kind of ['error', 'unhandledrejection', 'securitypolicyviolation'])
  addEventListener(kind, event => errors.push(`${kind}: ${event.message ?? event.reason ?? event.violatedDirective}`));
for (const kind of ['error', 'warn']) console[kind] = (...words) => errors.push(words.join(' '));
</script>";

const OPTIONS: [&str; 12] = [
    "--headless",
    // A container or root has none.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-sync",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--window-size=1200,800",
    "--dump-dom",
];

const TRACE: &str = "\
1700000000.000000 gw0 creating gateway on a link
1700000000.100000 gw0 sent <Message CHANNEL_EXEC channel=1 lendata=9> 4e00000004636f646551
1700000000.200000 gw0 sent <Message CHANNEL_EXEC channel=3 lendata=10> 4e000000056f7468657251
1700000000.300000 gw0 received <Message CHANNEL_DATA channel=3 lendata=6> 460000002a51
1700000000.400000 gw0 received <Message CHANNEL_DATA channel=1 lendata=11> 4e000000053c623e212651
";

/// What a script sees that uses the page in the browser.
fn seen_by(browser: &str, page: &str) -> Json {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("page.html");
    let script = include_str!("trace_page.js");
    let page = page.replacen("<head>", &format!("<head>{ERRORS}"), 1);
    let page = page.replacen("</body>", &format!("<script>{script}</script></body>"), 1);
    fs::write(&file, page).unwrap();
    let mut command = assert_cmd::Command::new(browser);
    command.timeout(DEADLINE).args(OPTIONS);
    command.arg(format!(
        "--user-data-dir={}",
        place.path().join("profile").display()
    ));
    let run = command.arg(format!("file://{}", file.display())).assert();
    let run = run.success();
    let document = String::from_utf8_lossy(&run.get_output().stdout);
    let Some((_, seen)) = document.split_once("<pre id=\"seen\">") else {
        panic!("the script did not run to its end: {document}");
    };
    let seen = seen.split_once("</pre>").unwrap().0;
    let seen = percent_decoded(seen);
    serde_json::from_str(&seen).unwrap()
}

fn percent_decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(digits, 16).unwrap());
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_page_shows_filters_and_describes_rows_in_a_browser() {
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    let is_installed = |browser: &&&str| Command::new(browser).arg("--version").output().is_ok();
    let Some(browser) = browsers.iter().find(is_installed) else {
        println!("skipped: the page of a trace in a browser: chromium is not installed");
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let trace = place.path().join("execnet-debug-7");
    fs::write(&trace, TRACE).unwrap();
    let page = run(&["trace", "show", "-o", "-", trace.to_str().unwrap()], 0).out;
    let seen = seen_by(browser, &page);
    assert_eq!(seen["errors"], json!([]));
    assert_eq!(seen["lanes"], json!(["controller", "gw0-worker"]));
    let (exec, item) = ("EXEC 3 \u{b7} 10 B", "DATA 3 \u{b7} 6 B");
    let all = ["EXEC 1 \u{b7} 9 B", exec, item, "DATA 1 \u{b7} 11 B"];
    let labels = seen["all"].as_array().unwrap();
    assert_eq!(labels[1..], all.map(Json::from));
    assert_eq!(seen["arrows"], 4);
    let has = |text: &Json, part: &str| text.as_str().unwrap().contains(part);
    assert!(has(&seen["pointed"], "code"), "{seen}");
    assert_eq!(seen["filtered"], json!([exec, item]));
    assert_eq!(seen["selected"][0], "true");
    assert!(has(&seen["selected"][1], "other"), "{seen}");
    assert!(has(&seen["last"], "42"), "{seen}");
}
