//! `oxpecker rules --pages`: writes the pages of rules into a folder, and leaves alone what it did not make.

use super::loaded::Loaded;
use super::out;
use super::summary::count;
use anyhow::{Context, Result, bail};
use oxpecker::pages::{self, Page, RuleFile};
use oxpecker::render::safe;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Writes the pages of all rules, and removes those of rules that are gone. `given` says that the rule files are on disk.
pub(super) fn write(loaded: &Loaded, given: bool, folder: &Path) -> Result<()> {
    let file = |name: &str| RuleFile { name: name.to_owned(), link: given.then(|| link(folder, name)).flatten() };
    let files: Vec<RuleFile> = loaded.files.iter().map(|read| file(&read.name)).collect();
    let pages = pages::pages(&loaded.set, &files);
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let (old, foreign) = present(folder)?;
    if let Some(page) = pages.iter().find(|page| foreign.contains(&folder.join(&page.name))) {
        bail!(
            "{} was not made by this command and stays as it is: move it, or choose another folder",
            folder.join(&page.name).display()
        );
    }
    let changed: Vec<&Page> = pages.iter().filter(|page| is_new(page, folder)).collect();
    for page in &changed {
        let path = folder.join(&page.name);
        fs::write(&path, &page.text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let kept = |path: &Path| pages.iter().any(|page| folder.join(&page.name) == path);
    let gone: Vec<PathBuf> = old.into_iter().filter(|path| !kept(path)).collect();
    for path in &gone {
        fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    let written = changed.len();
    let all = count(pages.len() as u64, "file");
    out::say(&format!("{all} in {}: {written} written, {} removed", safe(&folder.display().to_string()), gone.len()));
    Ok(())
}

/// The files of the folder that may be pages: those made by this command, and others.
fn present(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (mut made, mut foreign) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))? {
        let path = entry?.path();
        if !path.file_name().is_some_and(|name| pages::is_page_name(&name.to_string_lossy())) {
            continue;
        }
        // What is no text, or no plain file, was not made here.
        let plain = path.is_file() && !path.is_symlink();
        let text = fs::read_to_string(&path).ok().filter(|_| plain);
        if text.is_some_and(|text| pages::is_made(&text)) { made.push(path) } else { foreign.push(path) }
    }
    Ok((made, foreign))
}

/// Whether the page is not yet there as it is.
fn is_new(page: &Page, folder: &Path) -> bool {
    fs::read(folder.join(&page.name)).map_or(true, |text| text != page.text.as_bytes())
}

/// The way from a page in `folder` to a rule file, where both are below the folder that the command runs in.
fn link(folder: &Path, file: &str) -> Option<String> {
    let (from, to) = (below(folder)?, below(Path::new(file))?);
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = from.iter().skip(shared).map(|_| "..".to_owned());
    Some(up.chain(to.into_iter().skip(shared)).collect::<Vec<_>>().join("/"))
}

/// The parts of a path that leads down from here; none for any other.
fn below(path: &Path) -> Option<Vec<String>> {
    let part = |component| match component {
        Component::CurDir => Some(None),
        Component::Normal(name) => Some(Some(name.to_string_lossy().into_owned())),
        Component::ParentDir | Component::RootDir | Component::Prefix(_) => None,
    };
    let parts: Option<Vec<Option<String>>> = path.components().map(part).collect();
    Some(parts?.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_from_the_folder_to_the_file() {
        let way = |folder: &str, file: &str| link(Path::new(folder), file);
        assert_eq!(way("docs/rules", "rules/aws/iam.yaml").as_deref(), Some("../../rules/aws/iam.yaml"));
        assert_eq!(way("./rules/pages/", "./rules/iam.yaml").as_deref(), Some("../iam.yaml"));
        assert_eq!(way(".", "iam.yaml").as_deref(), Some("iam.yaml"));
        assert_eq!(way("/tmp/pages", "rules/iam.yaml"), None);
        assert_eq!(way("pages", "../iam.yaml"), None);
    }
}
