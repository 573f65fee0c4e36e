//! A Lua script as Fluent Bit's `filter_lua` runs it: the record as a table, a call, what comes back as MessagePack. The
//! same steps in the same order as `lua.c` and `flb_lua.c` take them, with LuaJIT as it comes.

#![expect(unsafe_code, reason = "Lua's interface is C")]

use crate::record::{self, Object, unpack};
use mlua_sys::lua51 as lua;
use std::ffi::{CString, c_int};

/// One filter.
pub struct Script {
    state: *mut lua::lua_State,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Dropped,
    Kept,
    Replaced,
}

/// The name of the script's function, `call` in Fluent Bit's settings.
const CALL: &std::ffi::CStr = c"filter";

impl Script {
    pub fn new(text: &str) -> Self {
        let text = CString::new(text).expect("a script without NUL");
        // SAFETY: the state is new, and the text outlives the calls.
        unsafe {
            let state = lua::luaL_newstate();
            assert!(!state.is_null(), "a state of Lua");
            lua::luaL_openlibs(state);
            assert_eq!(lua::luaL_loadstring(state, text.as_ptr()), 0, "the script is Lua");
            assert_eq!(lua::lua_pcall(state, 0, 0, 0), 0, "the script runs");
            Self { state }
        }
    }

    /// One record through the script, appended to `out` if it stays.
    pub fn filter(&mut self, tag: &std::ffi::CStr, time: f64, packed: &[u8], out: &mut Vec<u8>) -> Fate {
        let record = unpack(&mut &packed[..]).expect("a record");
        let state = self.state;
        let mut answer = Vec::new();
        // SAFETY: what is pushed is popped; there is room on Lua's stack for what is pushed at a time.
        unsafe {
            lua::lua_getglobal_(state, CALL.as_ptr());
            lua::lua_pushstring_(state, tag.as_ptr());
            lua::lua_pushnumber(state, time);
            push(state, &record);
            assert_eq!(lua::lua_pcall(state, 3, 3, 0), 0, "the script runs");
            pack(state, &mut answer);
            lua::lua_pop(state, 1);
            let _time = lua::lua_tonumber(state, -1);
            lua::lua_pop(state, 1);
            let code = lua::lua_tointeger_(state, -1);
            lua::lua_pop(state, 1);
            match code {
                -1 => Fate::Dropped,
                0 => {
                    out.extend_from_slice(packed);
                    Fate::Kept
                }
                _ => {
                    out.extend_from_slice(&answer);
                    Fate::Replaced
                }
            }
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // SAFETY: made by `new`, and used by nobody else.
        unsafe { lua::lua_close(self.state) };
    }
}

/// `flb_lua_pushmsgpack`.
///
/// # Safety
/// The state lives.
unsafe fn push(state: *mut lua::lua_State, object: &Object<'_>) {
    // SAFETY: there is room for three more values, and each branch leaves one.
    unsafe {
        lua::lua_checkstack(state, 3);
        match object {
            Object::Nil => lua::lua_pushnil(state),
            Object::Boolean(yes) => lua::lua_pushboolean(state, c_int::from(*yes)),
            Object::Positive(number) => lua::lua_pushinteger(state, *number as lua::lua_Integer),
            Object::Negative(number) => lua::lua_pushinteger(state, *number as lua::lua_Integer),
            Object::Float(number) => lua::lua_pushnumber(state, *number),
            Object::Text(text) => lua::lua_pushlstring_(state, text.as_ptr().cast(), text.len()),
            Object::Array(items) => {
                lua::lua_createtable(state, items.len() as c_int, 0);
                for (place, item) in items.iter().enumerate() {
                    push(state, item);
                    lua::lua_rawseti_(state, -2, place as c_int + 1);
                }
            }
            Object::Map(members) => {
                lua::lua_createtable(state, 0, members.len() as c_int);
                for (name, value) in members {
                    push(state, name);
                    push(state, value);
                    lua::lua_settable(state, -3);
                }
            }
        }
    }
}

/// `flb_lua_tomsgpack` of the value on top, which stays.
///
/// # Safety
/// The state lives, and there is a value.
unsafe fn pack(state: *mut lua::lua_State, out: &mut Vec<u8>) {
    // SAFETY: as many values are popped as are pushed.
    unsafe {
        match lua::lua_type(state, -1) {
            lua::LUA_TSTRING => {
                let mut length = 0;
                let text = lua::lua_tolstring(state, -1, &raw mut length);
                record::pack_text(std::slice::from_raw_parts(text.cast(), length), out);
            }
            lua::LUA_TNUMBER => {
                let number = lua::lua_tonumber(state, -1);
                if number.fract() != 0.0 {
                    record::pack_float(number, out);
                } else if number >= 0.0 {
                    record::pack_positive(number as u64, out);
                } else {
                    record::pack_negative(number as i64, out);
                }
            }
            lua::LUA_TBOOLEAN => out.push(0xc2 + u8::from(lua::lua_toboolean(state, -1) != 0)),
            lua::LUA_TTABLE => pack_table(state, out),
            _ => out.push(0xc0),
        }
    }
}

/// # Safety
/// As [`pack`]; the value is a table.
unsafe fn pack_table(state: *mut lua::lua_State, out: &mut Vec<u8>) {
    // SAFETY: as many values are popped as are pushed.
    unsafe {
        lua::lua_checkstack(state, 4);
        let items = largest_index(state);
        if items > 0 {
            record::pack_length(items as usize, (0x90, 16, 0xdc), out);
            for place in 1..=items {
                lua::lua_rawgeti_(state, -1, place);
                pack(state, out);
                lua::lua_pop(state, 1);
            }
            return;
        }
        let mut members = 0;
        lua::lua_pushnil(state);
        while lua::lua_next(state, -2) != 0 {
            lua::lua_pop(state, 1);
            members += 1;
        }
        record::pack_length(members, (0x80, 16, 0xde), out);
        lua::lua_pushnil(state);
        while lua::lua_next(state, -2) != 0 {
            lua::lua_pushvalue(state, -2);
            pack(state, out);
            lua::lua_pop(state, 1);
            pack(state, out);
            lua::lua_pop(state, 1);
        }
    }
}

/// `lua_arraylength`: Fluent Bit asks Lua's own `table.maxn`.
///
/// # Safety
/// As [`pack_table`].
unsafe fn largest_index(state: *mut lua::lua_State) -> c_int {
    // SAFETY: as many values are popped as are pushed.
    unsafe {
        lua::lua_getglobal_(state, c"table".as_ptr());
        lua::lua_getfield_(state, -1, c"maxn".as_ptr());
        lua::lua_remove(state, -2);
        lua::lua_pushvalue(state, -2);
        assert_eq!(lua::lua_pcall(state, 1, 1, 0), 0, "maxn takes a table");
        let largest = lua::lua_tointeger_(state, -1);
        lua::lua_pop(state, 1);
        largest as c_int
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_table_is_the_record() {
        let value = json!({"a": {"b": [1, "x", true, -5, 2.5]}, "c": "text", "d": {}});
        let mut packed = Vec::new();
        record::pack(&value, &mut packed);
        let mut script = Script::new(
            "function filter(tag, time, record)\n\
             if record.c == 'text' and tag == 't' and time == 7 then return 2, time, record end\n\
             return -1, 0, 0 end",
        );
        let mut out = Vec::new();
        assert_eq!(script.filter(c"t", 7.0, &packed, &mut out), Fate::Replaced);
        let mut text = Vec::new();
        record::write_json(&unpack(&mut out.as_slice()).unwrap(), &mut text);
        assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), value);
        assert_eq!(script.filter(c"u", 7.0, &packed, &mut out), Fate::Dropped);
    }
}
