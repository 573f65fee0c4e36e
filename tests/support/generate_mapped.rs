//! Keys that mappings give values, and texts that their tables know.

use proptest::prelude::*;
use proptest::sample::select;

/// Keys that mappings give values, and aliases that reach them.
#[rustfmt::skip]
const KEYS: [&str; 32] = [
    "event_type", "type", "syscall", "exe", "command", "arguments", "args", "pid", "user", "uid", "auser", "auid", "group",
    "session", "tty", "path", "filename", "success", "containerId", "connection.dst_addr", "connection.src_addr",
    "connection.port", "parent_metadata.exe", "agent", "hostname", "name", "action", "level", "ip", "src_ip", "port",
    "connection",
];

/// Texts that tables, conditions and cutting are about.
#[rustfmt::skip]
const TEXTS: [&str; 26] = [
    "execve", "connect", "accept", "openat", "ptrace", "(none)", "unset", "success", "0", "59", "221", "0xc000003e",
    "/usr/bin/curl", "/", "curl", "curl -k x", "audit", "file", "login", "start", "root", "host", "Status", "created",
    "tcp_connect", "203.0.113.7",
];

pub(crate) fn key() -> impl Strategy<Value = &'static str> {
    select(&KEYS[..])
}

pub(crate) fn text() -> impl Strategy<Value = &'static str> {
    select(&TEXTS[..])
}
