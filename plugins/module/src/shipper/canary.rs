//! An alert that is raised on purpose: by a rule and an event of its own, on the whole way that real ones take. Where it
//! does not come, detection is broken, and nobody would notice otherwise.

use oxpecker_engine::json::{Json, write_text};
use oxpecker_engine::{Engine, Request};

const RULES: &str = r#"
ruleset: oxpecker
rules:
  - id: oxpecker-canary
    name: Canary
    title: "Detection works in pack {{pack}}"
    type: Host
    severity: 3
    description: An event made by the module itself matched a rule of its own. Nothing happened on this machine.
    filter: oxpecker = "canary" and pack exists
    aggregate: [pack]
"#;

/// A rule and its event.
#[derive(Debug)]
pub(super) struct Canary {
    engine: Box<Engine>,
    event: String,
}

impl Canary {
    /// The canary of a pack. Without it there is something wrong with the engine.
    pub(super) fn new(pack: &str) -> Option<Self> {
        let request =
            Request { documents: vec![("canary.yaml".to_owned(), RULES.as_bytes().to_vec())], ..Request::default() };
        let (mut engine, _) = Engine::load(&request).ok()?;
        engine.prepare();
        let mut event = r#"{"oxpecker":"canary","pack":"#.to_owned();
        write_text(pack, &mut event);
        event.push('}');
        Some(Self { engine: Box::new(engine), event })
    }

    /// The alert, raised anew. The event has no time and no identifier, so no window keeps it back.
    pub(super) fn alert(&mut self) -> Option<Json> {
        let (mut detections, mut alerts) = (Vec::new(), Vec::new());
        self.engine.detect(self.event.as_bytes(), &mut detections).ok()?;
        for detection in detections {
            self.engine.observe(detection, &mut alerts);
        }
        alerts.into_iter().next()
    }
}
