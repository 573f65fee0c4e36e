//! The engines, one a file.

mod atree;
mod by_hand;
mod cel;
mod datalogic;
mod jaq;
mod oxpecker;
mod quamina;
mod rsigma;
mod sigma;
mod sigma_rust;
#[cfg(feature = "vrl")]
mod vrl;
mod wirefilter;

use crate::peer::Peer;

/// Oxpecker, then the others.
pub const ALL: &[Peer] = &[
    Peer { id: "oxpecker", name: "Oxpecker, native", package: None, load: oxpecker::load },
    Peer {
        id: "wirefilter",
        name: "wirefilter, fields by one pass of sonic-rs",
        package: Some("wirefilter-engine"),
        load: wirefilter::load_one_pass,
    },
    Peer {
        id: "wirefilter-tree",
        name: "wirefilter, fields from a serde_json tree",
        package: Some("wirefilter-engine"),
        load: wirefilter::load_tree,
    },
    Peer { id: "a-tree", name: "a-tree, fields by one pass of sonic-rs", package: Some("a-tree"), load: atree::load },
    Peer { id: "quamina", name: "quamina, the Rust port", package: Some("quamina"), load: quamina::load },
    Peer { id: "rsigma", name: "rsigma-eval", package: Some("rsigma-eval"), load: rsigma::load },
    Peer { id: "datalogic", name: "datalogic-rs (JSONLogic)", package: Some("datalogic-rs"), load: datalogic::load },
    Peer { id: "by-hand", name: "serde_json and closures, by hand", package: Some("serde_json"), load: by_hand::load },
    Peer { id: "sigma-rust", name: "sigma-rust", package: Some("sigma-rust"), load: sigma_rust::load },
    Peer { id: "cel", name: "cel", package: Some("cel"), load: cel::load },
    #[cfg(feature = "vrl")]
    Peer { id: "vrl", name: "vrl, a compiled condition a rule", package: Some("vrl"), load: vrl::load },
    Peer { id: "jaq", name: "jaq, a filter a rule", package: Some("jaq-core"), load: jaq::load },
];
