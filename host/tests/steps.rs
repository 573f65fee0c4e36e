//! Steps of the plain module for a record, as an interpreter in a log shipper takes them: wasmtime counts them as fuel, the
//! same everywhere.

#![expect(clippy::expect_used, reason = "a test's helpers may panic")]

#[expect(dead_code, reason = "its rule sets alone")]
#[path = "../../tests/support/rulesets.rs"]
mod rulesets;

use oxpecker::sandbox::Module;
use serde_json::json;
use wasmtime::{Config, Engine, Instance, Memory, Store, WasmParams, WasmResults};

const TAG: &str = "oxpecker.copy.logs";

/// A module with rules, called as Fluent Bit calls it.
struct Shipper {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
}

impl Shipper {
    fn new(engine: &Engine, module: &wasmtime::Module, documents: &[(String, Vec<u8>)]) -> Self {
        let mut store = Store::new(engine, ());
        store.set_fuel(u64::MAX).expect("fuel is counted");
        let instance = Instance::new(&mut store, module, &[]).expect("a module without imports");
        let memory = instance.get_memory(&mut store, "memory").expect("a memory");
        let mut shipper = Self { store, instance, memory };
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("rules are text");
        let documents: Vec<_> =
            documents.iter().map(|(name, bytes)| json!({"name": name, "text": text(bytes)})).collect();
        shipper.configure("ox_load", &json!({"documents": documents}).to_string());
        shipper.configure("ox_shipper", "{}");
        shipper
    }

    fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, parameters: P) -> R {
        let function = self.instance.get_typed_func::<P, R>(&mut self.store, name).expect(name);
        function.call(&mut self.store, parameters).expect(name)
    }

    fn put(&mut self, allocator: &str, bytes: &[u8]) -> i32 {
        let length = i32::try_from(bytes.len()).expect("short");
        let address: i32 = self.call(allocator, length);
        self.memory.write(&mut self.store, usize::try_from(address).expect("an address"), bytes).expect("room");
        address
    }

    fn configure(&mut self, function: &str, request: &str) {
        let address = self.put("ox_alloc", request.as_bytes());
        let length = i32::try_from(request.len()).expect("short");
        let status: i32 = self.call(function, (address, length));
        assert_eq!(status, 0, "{function}");
        let _: i32 = self.call("ox_free", address);
    }

    /// Steps for a record, all calls that it takes together; it raises nothing.
    fn steps(&mut self, record: &str) -> u64 {
        let before = self.store.get_fuel().expect("fuel is counted");
        let (tag, event) = (format!("{TAG}\0"), format!("{record}\0"));
        let (tag, event) = (self.put("malloc", tag.as_bytes()), self.put("malloc", event.as_bytes()));
        let lengths = [TAG, record].map(|text| i32::try_from(text.len()).expect("short"));
        let cells = (tag, lengths[0], 1_700_000_000, 0, event, lengths[1]);
        let answer: i32 = self.call("oxpecker_filter", cells);
        assert_eq!(answer, 0, "{record}");
        let _: () = self.call("free", tag);
        let _: () = self.call("free", event);
        before - self.store.get_fuel().expect("fuel is counted")
    }
}

/// What a record costs apart from its text: no more with many rules than with few, and not much.
#[test]
fn a_record_that_no_rule_looks_at_costs_little_and_the_same_with_any_rules() {
    let mut config = Config::new();
    config.consume_fuel(true);
    let engine = Engine::new(&config).expect("an engine");
    let wasm = Module::shipped_bytes().expect("make build comes before the tests");
    let module = wasmtime::Module::from_binary(&engine, wasm).expect("a module");
    let generated = |count| vec![("generated.yaml".to_owned(), rulesets::generated(count).into_bytes())];
    let steps = [generated(8), generated(1_000), rulesets::shipped()].map(|documents| {
        let mut shipper = Shipper::new(&engine, &module, &documents);
        [r#"{"a":1}"#, r#"{"log":"a line of text","stream":"stdout"}"#].map(|record| {
            // Names are remembered and buffers grow at first.
            for _ in 0..5 {
                shipper.steps(record);
            }
            shipper.steps(record)
        })
    });
    let [few, many, shipped] = steps;
    for (place, most) in [2_600, 2_600].into_iter().enumerate() {
        assert!(
            few[place] <= most && many[place] <= few[place] + 150 && shipped[place] <= few[place] + 150,
            "{steps:?}"
        );
    }
}
