//! Events as the producers write them that mappings know, with anything in the places that keys take their values from;
//! and questions about such keys.

use super::generate::mapped_key;
use super::generate_mapped::text;
use oxpecker_engine::Span;
use oxpecker_engine::language::Expr;
use oxpecker_engine::language::expr::{Literal, Operand, Predicate, Test, TextOperator, Value};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use std::collections::BTreeMap;

/// What makes an event one of a producer's.
#[rustfmt::skip]
const HEADS: [&[(&str, &str)]; 9] = [
    &[("ID", "\"1615114232.375:15558\""), ("SYSCALL.pid", "1")],
    &[("ID", "\"1615114232.375:15558\""), ("USER_LOGIN.pid", "1")],
    &[("event.module", "\"auditd\""), ("auditd.sequence", "1")],
    &[("event.module", "\"file_integrity\""), ("file.path", "\"/etc/x\"")],
    &[("process_exec.process.pid", "1"), ("time", "\"2026-01-01T00:00:00Z\"")],
    &[("rule", "\"r\""), ("priority", "\"Notice\""), ("output_fields.proc.pid", "1")],
    &[("columns.pid", "\"1\""), ("name", "\"q\""), ("unixTime", "1"), ("action", "\"added\"")],
    &[("rule.id", "\"1\""), ("rule.level", "3"), ("manager.name", "\"m\"")],
    &[("apiVersion", "\"audit.k8s.io/v1\""), ("kind", "\"Event\"")],
];

/// Where keys take their values from, and native fields of the same names.
#[rustfmt::skip]
const PATHS: [&str; 72] = [
    "ID", "SYSCALL.SYSCALL", "SYSCALL.syscall", "SYSCALL.arch", "SYSCALL.comm", "SYSCALL.exe", "SYSCALL.tty", "SYSCALL.uid",
    "SYSCALL.UID", "SYSCALL.ses", "SYSCALL.PPID.exe", "EXECVE.ARGV", "EXECVE.ARGV_STR", "PROCTITLE.ARGV", "PATH.name",
    "SOCKADDR.SADDR.addr", "SOCKADDR.SADDR.port", "USER_LOGIN.acct", "USER_LOGIN.addr", "USER_LOGIN.res", "NODE",
    "event.module", "event.dataset", "event.action", "auditd.data.syscall", "auditd.data.tty", "auditd.session",
    "auditd.result", "process.name", "process.args", "process.executable", "user.name", "user.id", "agent.name", "user",
    "agent", "file.path", "destination.ip", "source.ip", "process_exec.process.binary", "process_exec.process.arguments",
    "process_exec.process.uid", "process_kprobe.process.binary", "process_kprobe.function_name",
    "process_kprobe.args.sock_arg.daddr", "process_exec.process.pod.container.id", "node_name", "output_fields.evt.type",
    "output_fields.proc.name", "output_fields.proc.tty", "output_fields.container.id", "output_fields.fd.name", "source",
    "columns.syscall", "columns.action", "columns.remote_address", "columns.path", "columns.cmdline", "columns.auid",
    "columns.target_path", "rule.groups", "predecoder.hostname", "syscheck.path", "data.srcip", "user.username",
    "responseObject.kind", "requestObject.kind", "sourceIPs", "verb", "command", "connection.dst_addr", "src_ip",
];

/// Members that are lists.
const LISTS: [&str; 4] = ["PATH", "SOCKADDR", "USER_LOGIN", "args"];

/// A question about a key that mappings give a value, with a text that their tables know.
pub(crate) fn predicate() -> impl Strategy<Value = Expr> {
    let literal = || text().prop_map(|text| Literal { span: Span::default(), value: Value::Text(text.to_owned()) });
    let test = prop_oneof![
        3 => literal().prop_map(Test::Equals),
        1 => literal().prop_map(|value| Test::Text(TextOperator::Like, value)),
        1 => Just(Test::In(vec![Literal { span: Span::default(), value: Value::Null }])),
        1 => Just(Test::Exists),
    ];
    (mapped_key(), test, any::<bool>()).prop_map(|(key, test, negated)| {
        let operand = Operand { function: None, key };
        Expr::Predicate(Predicate { span: Span::default(), operand, test, negated })
    })
}

/// A value as JSON text; a text in it is sometimes spelled with an escape.
fn value() -> impl Strategy<Value = String> {
    let plain = || text().prop_map(|text| format!("\"{text}\""));
    let escaped = text().prop_map(|text| {
        let mut rest = text.chars();
        let first = rest.next().map(|first| format!("\\u{:04x}", u32::from(first))).unwrap_or_default();
        format!("\"{first}{}\"", rest.as_str())
    });
    let others =
        select(vec!["null", "true", "0", "59", "221", "1000", "{}", "{\"name\":\"x\"}", "[]", "[null]", "\"\""]);
    let leaf = prop_oneof![4 => plain(), 1 => escaped, 2 => others.prop_map(str::to_owned)];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop::collection::vec(inner, 0..3).prop_map(|items| format!("[{}]", items.join(",")))
    })
}

/// An object while it is put together.
#[derive(Default)]
struct Draft {
    value: Option<String>,
    members: BTreeMap<String, Draft>,
}

impl Draft {
    fn set(&mut self, path: &str, value: String) {
        let at = path.split('.').fold(self, |at, name| at.members.entry(name.to_owned()).or_default());
        at.value = Some(value);
    }

    fn write(&self) -> String {
        match &self.value {
            Some(value) if self.members.is_empty() => value.clone(),
            _ => {
                let member = |(name, member): (&String, &Draft)| {
                    let (open, close) = if LISTS.contains(&name.as_str()) { ("[{},", "]") } else { ("", "") };
                    format!("\"{name}\":{open}{}{close}", member.write())
                };
                let members: Vec<String> = self.members.iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }
}

/// An event of a producer, or one that has fields of several; sometimes with a name in it twice.
pub(crate) fn event() -> impl Strategy<Value = String> {
    let head = prop::option::weighted(0.9, select(&HEADS[..]));
    let paths = subsequence(&PATHS[..], 0..16).prop_flat_map(|paths| {
        let values = prop::collection::vec(value(), paths.len());
        values.prop_map(move |values| paths.clone().into_iter().zip(values).collect::<Vec<_>>())
    });
    let joined = prop::option::weighted(0.2, (select(&PATHS[..]), value()));
    (head, paths, joined).prop_map(|(head, paths, joined)| {
        let mut draft = Draft::default();
        paths.into_iter().for_each(|(path, value)| draft.set(path, value));
        head.into_iter().flatten().for_each(|(path, value)| draft.set(path, (*value).to_owned()));
        let text = draft.write();
        match (joined, text.strip_suffix('}')) {
            (Some((path, value)), Some(open)) => {
                let comma = if open == "{" { "" } else { "," };
                format!("{open}{comma}\"{path}\":{value}}}")
            }
            _ => text,
        }
    })
}
