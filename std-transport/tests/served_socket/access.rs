//! Which clients and addresses are refused.

use core::net::SocketAddr;
use core::time::Duration;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

use execnet::{Listen, Server, ServerBindError, ServerOptions, Token};
use execnet_test_support::{
    LONG, Served, bootstrap_error, eventually, group, private_directory, within,
};

#[test]
fn without_the_token_nothing_is_started() {
    let served = Served::tcp(ServerOptions::new());
    within("token", LONG, move || {
        let address = served.address().to_owned();
        let error = bootstrap_error(&group(), &format!("tcp={address}"));
        assert!(error.output().contains("refused: no token"), "{error}");
        assert_eq!(served.refusal(), "no token, or a wrong one");

        let directory = private_directory();
        let wrong = directory.path().join("wrong");
        Token::generate().unwrap().write_to(&wrong).unwrap();
        let error = bootstrap_error(
            &group(),
            &format!("tcp={address}//token_file={}", wrong.display()),
        );
        assert!(error.output().contains("refused: no token"), "{error}");
        assert_eq!(served.refusal(), "no token, or a wrong one");

        // What a stock client sends is not evaluated.
        let marker = directory.path().join("marker");
        let mut stock = TcpStream::connect(&address).unwrap();
        writeln!(stock, "open({:?}, 'w')", marker.to_str().unwrap()).unwrap();
        let mut text = String::new();
        stock.read_to_string(&mut text).unwrap();
        assert_eq!(text, "execnet: refused: not a greeting of execnet's\n");
        assert_eq!(served.refusal(), "not a greeting of execnet's");
        assert!(!marker.exists());

        drop(TcpStream::connect(&address).unwrap());
        assert_eq!(served.refusal(), "not a greeting of execnet's");
        // No client was served.
        assert!(served.events.try_recv().is_err());
    });
}

#[test]
fn a_token_file_that_others_can_read_is_not_used() {
    let directory = private_directory();
    let file = directory.path().join("token");
    Token::generate().unwrap().write_to(&file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let spec = format!("tcp=127.0.0.1:1//token_file={}", file.display());
    // There is no server, which may be noticed first: in either case no token is sent.
    assert!(group().make_gateway(spec).is_err());
    assert!(Token::from_file(&file).is_err());
}

#[test]
fn a_token_file_in_a_directory_that_others_can_write_to_is_not_used() {
    let directory = private_directory();
    let open = directory.path().join("open");
    fs::create_dir(&open).unwrap();
    let file = open.join("token");
    Token::generate().unwrap().write_to(&file).unwrap();
    Token::from_file(&file).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let refused = Token::from_file(&file).unwrap_err().to_string();
    assert!(
        refused.contains("must not be writable by others"),
        "{refused}"
    );
}

#[test]
fn a_silent_client_is_refused_at_the_deadline() {
    let served =
        Served::tcp(ServerOptions::new().with_handshake_timeout(Duration::from_millis(200)));
    within("silent", LONG, move || {
        let mut silent = TcpStream::connect(served.address()).unwrap();
        let mut slow = TcpStream::connect(served.address()).unwrap();
        slow.write_all(b"EXEC").unwrap();
        let mut text = String::new();
        silent.read_to_string(&mut text).unwrap();
        assert_eq!(text, "execnet: refused: no greeting in time\n");
        slow.read_to_string(&mut text).unwrap();
        assert_eq!(served.refusal(), "no greeting in time");
        assert_eq!(served.refusal(), "no greeting in time");
    });
}

#[test]
fn the_number_of_connections_is_limited() {
    let served = Served::unix(ServerOptions::new().with_max_connections(1));
    within("cap", LONG, move || {
        let first = group();
        first.make_gateway(&served.spec).unwrap();
        let error = bootstrap_error(&group(), &served.spec);
        assert!(error.output().contains("too many connections"), "{error}");
        first.terminate_timeout(LONG);
        eventually("there is room again", LONG, || {
            group().make_gateway(&served.spec).is_ok()
        });
    });
}

#[test]
fn addresses_and_directories_that_are_not_private_are_refused() {
    let token = || Token::generate().unwrap();
    let address: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let bind = |listen| Server::bind(listen, ServerOptions::new());
    let refused = bind(Listen::Tcp {
        address,
        token: token(),
    });
    assert!(matches!(refused, Err(ServerBindError::NotLoopback(_))));
    let refused = bind(Listen::InsecureStock {
        address,
        beyond_loopback: false,
    });
    assert!(matches!(refused, Err(ServerBindError::NotLoopback(_))));
    let directory = private_directory();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let refused = bind(Listen::Unix(directory.path().join("s")));
    assert!(matches!(refused, Err(ServerBindError::PublicDirectory(_))));
    // A directory that the server creates is private.
    let inner = directory.path().join("inner");
    let server = bind(Listen::Unix(inner.join("s"))).unwrap();
    let mode = fs::metadata(&inner).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let second = bind(Listen::Unix(inner.join("s")));
    assert!(matches!(second, Err(ServerBindError::InUse(_))));
    drop(server);
    assert!(!inner.join("s").exists());
    // The socket of a server that was killed is replaced; other files are not.
    drop(std::os::unix::net::UnixListener::bind(inner.join("s")).unwrap());
    assert!(inner.join("s").exists());
    bind(Listen::Unix(inner.join("s"))).unwrap();
    fs::write(inner.join("file"), "kept").unwrap();
    assert!(matches!(
        bind(Listen::Unix(inner.join("file"))),
        Err(ServerBindError::Io(_))
    ));
    assert_eq!(fs::read(inner.join("file")).unwrap(), b"kept");
}
