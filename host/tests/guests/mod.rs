//! The hostile guest, from its text to WebAssembly.

/// The guest with what a test changes in place of some marks, and what is usual in place of the others.
pub(crate) fn wasm(mut text: String, changes: &[(&str, &str)]) -> Vec<u8> {
    for (mark, code) in changes {
        let mark = format!("@{mark}@");
        assert!(text.contains(&mark), "{mark}");
        text = text.replace(&mark, code);
    }
    let usual = [
        ("PAGES", "128"),
        ("ABI", "(i32.const 1)"),
        ("FREE", "ox_free"),
        ("RESULT_PTR", "(global.get $ptr)"),
        ("RESULT_LEN", "(global.get $len)"),
        ("ALERT_LEN", "126"),
        ("COUNT", "1098"),
    ];
    for (mark, code) in usual {
        text = text.replace(&format!("@{mark}@"), code);
    }
    for mark in ["START", "ALLOC", "LOAD", "WALK", "AFTER", "MORE", "FLUSH", "SAVE", "RESTORE"] {
        text = text.replace(&format!("@{mark}@"), "");
    }
    wat::parse_str(&text).unwrap()
}
