//! stub
use oxpecker_engine::problem::Diagnostic;
/// stub
pub fn print(file: &str, _text: &str, problems: &[Diagnostic], _colour: bool) {
    use std::io::Write;
    for p in problems { let _ = writeln!(std::io::stderr(), "{}: {}: {}", file, p.problem.code(), p.problem.message()); }
}
