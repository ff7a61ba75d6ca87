//! What a mail server is sent, and what its answers mean.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use sitewatch::notify::{Channel, Mail, MailSettings, NoticeKind, SendError, SetupError, text};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;

use super::{changed, notice};

/// A mail that arrived.
#[derive(Clone, Debug)]
struct Received {
    from: String,
    to: String,
    lines: Vec<String>,
}

#[derive(Debug, Default)]
struct Inbox {
    received: Mutex<Vec<Received>>,
    /// What is answered to whom is to get it: the next of these, or that it is fine.
    answers: Mutex<BTreeMap<&'static str, VecDeque<&'static str>>>,
}

/// A mail server, as far as it is needed.
struct Server {
    url: Url,
    inbox: Arc<Inbox>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(answers: &[(&'static str, &'static str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap()).parse().unwrap();
        let inbox = Arc::new(Inbox::default());
        for &(to, answer) in answers {
            inbox.answers.lock().entry(to).or_default().push_back(answer);
        }
        let shared = Arc::clone(&inbox);
        let task = tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                // A client that hangs up has its reasons.
                let _ = converse(socket, &shared).await;
            }
        });
        Self { url, inbox, task }
    }

    fn settings(&self) -> MailSettings {
        MailSettings {
            smtp: self.url.clone(),
            login: None,
            from: "Sitewatch <sitewatch@example.org>".to_owned(),
            to: vec!["ann@example.org".to_owned(), "Bob <bob@example.org>".to_owned()],
        }
    }

    fn mail(&self) -> Mail {
        Mail::new(self.settings()).unwrap()
    }

    fn received(&self) -> Vec<Received> {
        self.inbox.received.lock().clone()
    }

    /// Who got a mail, in order.
    fn receivers(&self) -> Vec<String> {
        self.received().into_iter().map(|received| received.to).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(socket: TcpStream, inbox: &Inbox) -> io::Result<()> {
    let mut socket = BufReader::new(socket);
    socket.write_all(b"220 mail.example.org ESMTP\r\n").await?;
    let mut mail = Received { from: String::new(), to: String::new(), lines: Vec::new() };
    while let Some(line) = line(&mut socket).await? {
        let answer = match line.split_once(':').unwrap_or((line.as_str(), "")) {
            ("QUIT", _) => return socket.write_all(b"221 bye\r\n").await,
            ("MAIL FROM", from) => {
                mail.from = address(from);
                "250 ok"
            }
            ("RCPT TO", to) => {
                mail.to = address(to);
                let mut answers = inbox.answers.lock();
                answers.get_mut(&*mail.to).and_then(VecDeque::pop_front).unwrap_or("250 ok")
            }
            ("DATA", _) => {
                socket.write_all(b"354 go on\r\n").await?;
                while let Some(text) = self::line(&mut socket).await?.filter(|text| text != ".") {
                    mail.lines.push(text);
                }
                inbox.received.lock().push(mail.clone());
                mail.lines.clear();
                "250 kept"
            }
            (hello, _) if hello.starts_with("EHLO ") => "250 mail.example.org",
            _ => "502 what",
        };
        socket.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

async fn line(socket: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = socket.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn address(text: &str) -> String {
    text.trim_start_matches('<').split('>').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_mail_says_what_changed_to_everybody() {
    let server = Server::start(&[]).await;
    let notices = [changed()];
    server.mail().send(&notices).await.unwrap();
    assert_eq!(server.receivers(), ["ann@example.org", "bob@example.org"]);
    let received = server.received();
    assert_eq!(received[0].lines, received[1].lines);
    assert_eq!(received[0].from, "sitewatch@example.org");
    let end = received[0].lines.iter().position(String::is_empty).unwrap();
    let (head, body) = received[0].lines.split_at(end);
    for line in
        ["Subject: [sitewatch] docs: 2 links broken, 1 fixed", "Auto-Submitted: auto-generated", "MIME-Version: 1.0"]
    {
        assert!(head.iter().any(|header| header == line), "{line}: {head:?}");
    }
    let to = head.iter().find(|header| header.starts_with("To: ")).unwrap();
    assert!(to.contains("ann@example.org") && to.contains("bob@example.org"), "{to}");
    let body = body[1..].join("\n");
    assert_eq!(body.trim_end(), text(&notices).trim_end());
}

#[tokio::test]
async fn who_has_it_does_not_get_it_again_while_others_are_to_wait() {
    let server = Server::start(&[("bob@example.org", "450 come back later")]).await;
    let mail = server.mail();
    let error = mail.send(&[changed()]).await.unwrap_err();
    assert!(!error.is_permanent() && error.to_string().contains("450"), "{error}");
    assert_eq!(server.receivers(), ["ann@example.org"]);
    mail.send(&[changed()]).await.unwrap();
    assert_eq!(server.receivers(), ["ann@example.org", "bob@example.org"]);
    let ids: Vec<String> = server
        .received()
        .iter()
        .map(|received| received.lines.iter().find(|line| line.starts_with("Message-ID: ")).unwrap().clone())
        .collect();
    assert_eq!(ids[0], ids[1], "the attempts are of one mail");
    mail.send(&[notice(NoticeKind::Failing, "blog")]).await.unwrap();
    assert_eq!(server.receivers()[2..], ["ann@example.org", "bob@example.org"]);
}

#[tokio::test]
async fn one_who_is_refused_keeps_nobody_from_it() {
    let server = Server::start(&[("ann@example.org", "550 no such user")]).await;
    server.mail().send(&[changed()]).await.unwrap();
    assert_eq!(server.receivers(), ["bob@example.org"]);
}

#[tokio::test]
async fn where_all_are_refused_there_is_no_other_attempt() {
    let refused = "550 no such user";
    let server = Server::start(&[("ann@example.org", refused), ("bob@example.org", refused)]).await;
    let error = server.mail().send(&[changed()]).await.unwrap_err();
    assert!(error.is_permanent(), "{error}");
    assert!(error.to_string().starts_with("127.0.0.1 refuses it: ") && error.to_string().contains("550"), "{error}");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_may_come() {
    let smtp = "smtp://127.0.0.1:1".parse().unwrap();
    let server = Server::start(&[]).await;
    let mail = Mail::new(MailSettings { smtp, ..server.settings() }).unwrap();
    let error = mail.send(&[changed()]).await.unwrap_err();
    assert!(matches!(error, SendError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing_where_it_is_required() {
    let server = Server::start(&[]).await;
    let mut settings = server.settings();
    settings.smtp.set_query(Some("tls=required"));
    let error = Mail::new(settings).unwrap().send(&[changed()]).await.unwrap_err();
    assert!(!error.is_permanent(), "{error}");
    assert!(server.received().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_keeps_silent_has_a_minute() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = MailSettings {
        smtp: format!("smtp://{}", listener.local_addr().unwrap()).parse().unwrap(),
        login: None,
        from: "sitewatch@example.org".to_owned(),
        to: vec!["ann@example.org".to_owned()],
    };
    let began = Instant::now();
    let error = Mail::new(settings).unwrap().send(&[changed()]).await.unwrap_err();
    assert!(error.is_timeout() && !error.is_permanent(), "{error}");
    assert_eq!(began.elapsed().as_secs(), 60);
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused() {
    let settings = Server::start(&[]).await.settings();
    for smtp in
        ["http://127.0.0.1", "smtp://127.0.0.1?tls=none", "smtps://127.0.0.1?tls=required", "smtp://u:p@127.0.0.1"]
    {
        let error = Mail::new(MailSettings { smtp: smtp.parse().unwrap(), ..settings.clone() }).unwrap_err();
        assert!(matches!(error, SetupError::MailServer(_)), "{smtp}: {error}");
    }
    let nobody = MailSettings { to: Vec::new(), ..settings.clone() };
    assert_eq!(Mail::new(nobody).unwrap_err(), SetupError::NoReceiver);
    let from = MailSettings { from: "sitewatch".to_owned(), ..settings.clone() };
    assert_eq!(Mail::new(from).unwrap_err(), SetupError::Mailbox("sitewatch".to_owned()));
    let login = Some(("watch".to_owned(), "hunter2".to_owned()));
    let settings = MailSettings { login, ..settings };
    let shown = format!("{settings:?} {:?}", Mail::new(settings.clone()).unwrap());
    assert!(!shown.contains("hunter2") && shown.contains("ann@example.org"), "{shown}");
}
