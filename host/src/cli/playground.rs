//! `oxpecker playground`: serves the playground's page, which is inside the binary, on the loopback address.
//!
//! Nothing but its own files is handed out, and only to who asks for the loopback address by name: a page elsewhere that
//! points a name of its own at it gets none.

use super::exit::Answer;
use super::{link, out};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use tiny_http::{Header, Method, Request, Response, Server};

mod files {
    include!(concat!(env!("OUT_DIR"), "/playground.rs"));
}

/// Open the playground in a browser: write a rule, drop in events, see at once what fires and why.
///
/// The page is inside this program and is served on this machine's loopback address alone, until Ctrl-C. Events that are
/// dropped into it stay in the browser.
///
/// Exit status: 2 if the port is taken or the page was not built in; it runs until it is stopped otherwise.
#[derive(Args)]
#[command(after_help = "Examples:\n  oxpecker playground --open\n  oxpecker playground --port 8080")]
pub(crate) struct Opts {
    /// The port to serve it on; 0 takes any that is free
    #[arg(long, value_name = "PORT", default_value_t = link::PORT)]
    port: u16,
    /// Open it in the browser
    #[arg(long)]
    open: bool,
}

/// What the page may do: run its own scripts and the engine, and nothing that is not its own.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; \
    worker-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types oxpecker";

impl Opts {
    pub(crate) fn run(self) -> Result<Answer> {
        if files::FILES.is_empty() {
            bail!("the playground is not in this binary: `make playground` builds it and puts it in");
        }
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let server = Server::http(address).map_err(|error| anyhow!("{error}"));
        let server =
            server.with_context(|| format!("cannot serve on {address}; --port 0 takes any port that is free"))?;
        let port = server.server_addr().to_ip().map_or(self.port, |address| address.port());
        let url = format!("http://127.0.0.1:{port}/");
        let mut out = out::stdout();
        writeln!(out, "{url}")?;
        out::finish(out)?;
        out::say("serving the playground on this machine alone; Ctrl-C ends it");
        if self.open && !open(&url) {
            out::say("no browser could be opened: open the address yourself");
        }
        for request in server.incoming_requests() {
            // Whoever breaks off the connection has what it wanted.
            let _ = answer(request, port);
        }
        Ok(Answer::Yes)
    }
}

fn answer(request: Request, port: u16) -> std::io::Result<()> {
    let host = request.headers().iter().find(|header| header.field.equiv("Host"));
    let named = host.map(|header| header.value.as_str().to_owned()).unwrap_or_default();
    let ours =
        ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| named == format!("{name}:{port}") || named == **name);
    if !ours {
        return refuse(request, 421, "this is the playground of another address");
    }
    if !matches!(request.method(), Method::Get | Method::Head) {
        return refuse(request, 405, "only GET and HEAD");
    }
    let path = request.url().split(['?', '#']).next().unwrap_or_default().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    match files::FILES.iter().find(|(name, _)| *name == path) {
        Some((name, bytes)) => request.respond(with_headers(Response::from_data(*bytes), &headers(name))),
        None => refuse(request, 404, "there is no such file"),
    }
}

fn refuse(request: Request, status: u16, why: &str) -> std::io::Result<()> {
    let headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Security-Policy", "default-src 'none'")];
    request.respond(with_headers(Response::from_string(format!("{why}\n")).with_status_code(status), &headers))
}

fn with_headers<R: std::io::Read>(mut response: Response<R>, headers: &[(&str, &str)]) -> Response<R> {
    for (name, value) in headers {
        if let Ok(header) = Header::from_bytes(name.as_bytes(), value.as_bytes()) {
            response.add_header(header);
        }
    }
    response
}

/// The names under `assets/` hold a hash of what is in them.
fn headers(name: &str) -> [(&'static str, &'static str); 8] {
    let cache = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    [
        ("Content-Type", content_type(name)),
        ("Content-Security-Policy", POLICY),
        ("Cache-Control", cache),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ]
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "ndjson" => "application/x-ndjson",
        _ => "application/octet-stream",
    }
}

/// Asks the system to open an address; false where it cannot be asked.
fn open(url: &str) -> bool {
    let (program, arguments): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("cmd", &["/C", "start", ""])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(arguments).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}
