//! Trees let go of, copied and measured without recursion, whatever their depth: log shippers give a module a stack of
//! 8 KiB, and an event must not be able to overflow it.

use super::Json;

impl Drop for Json {
    /// Brackets inside brackets wait in a list; each is let go of when it holds no others any more.
    fn drop(&mut self) {
        let mut waiting = Vec::new();
        take_brackets(self, &mut waiting);
        while let Some(mut bracket) = waiting.pop() {
            take_brackets(&mut bracket, &mut waiting);
        }
    }
}

/// Moves what is not empty out of a bracket.
fn take_brackets(from: &mut Json, into: &mut Vec<Json>) {
    let mut take = |child: &mut Json| {
        if child.is_filled_bracket() {
            into.push(std::mem::replace(child, Json::Null));
        }
    };
    match from {
        Json::Array(items) => items.iter_mut().for_each(&mut take),
        Json::Object(members) => members.iter_mut().for_each(|(_, value)| take(value)),
        _ => {}
    }
}

/// A bracket that is being copied: what is still to copy, and the copy so far.
enum Copying<'j> {
    Array(std::slice::Iter<'j, Json>, Vec<Json>),
    /// `name` belongs to the value that comes next.
    Object(std::slice::Iter<'j, (String, Json)>, Vec<(String, Json)>, &'j str),
}

impl<'j> Copying<'j> {
    /// Begins with a bracket; anything else, and what is empty, is copied at once.
    fn begin(json: &'j Json) -> Result<Self, Json> {
        match json {
            Json::Null => Err(Json::Null),
            Json::Bool(value) => Err(Json::Bool(*value)),
            Json::Number(digits) => Err(Json::Number(digits.clone())),
            Json::Text(text) => Err(Json::Text(text.clone())),
            Json::Array(items) => Ok(Copying::Array(items.iter(), Vec::with_capacity(items.len()))),
            Json::Object(members) => Ok(Copying::Object(members.iter(), Vec::with_capacity(members.len()), "")),
        }
    }

    /// The next value to copy; none where the bracket ends.
    fn next(&mut self) -> Option<&'j Json> {
        match self {
            Copying::Array(left, _) => left.next(),
            Copying::Object(left, _, name) => {
                let (next, value) = left.next()?;
                *name = next;
                Some(value)
            }
        }
    }

    fn put(&mut self, value: Json) {
        match self {
            Copying::Array(_, items) => items.push(value),
            Copying::Object(_, members, name) => members.push(((*name).to_owned(), value)),
        }
    }

    fn end(self) -> Json {
        match self {
            Copying::Array(_, items) => Json::Array(items),
            Copying::Object(_, members, _) => Json::Object(members),
        }
    }
}

impl Clone for Json {
    fn clone(&self) -> Self {
        let mut innermost = match Copying::begin(self) {
            Ok(bracket) => bracket,
            Err(copied) => return copied,
        };
        let mut outer = Vec::new();
        loop {
            match innermost.next().map(Copying::begin) {
                Some(Ok(bracket)) => outer.push(std::mem::replace(&mut innermost, bracket)),
                Some(Err(copied)) => innermost.put(copied),
                None => {
                    let copied = innermost.end();
                    let Some(next) = outer.pop() else { return copied };
                    innermost = next;
                    innermost.put(copied);
                }
            }
        }
    }
}

impl Json {
    /// Every value of the tree, in the order of the text: itself first, then what it holds.
    pub fn values(&self) -> impl Iterator<Item = &Json> {
        let mut waiting = vec![self];
        std::iter::from_fn(move || {
            let next = waiting.pop()?;
            match next {
                Json::Array(items) => waiting.extend(items.iter().rev()),
                Json::Object(members) => waiting.extend(members.iter().rev().map(|(_, value)| value)),
                _ => {}
            }
            Some(next)
        })
    }

    fn is_filled_bracket(&self) -> bool {
        match self {
            Json::Array(items) => !items.is_empty(),
            Json::Object(members) => !members.is_empty(),
            _ => false,
        }
    }

    /// The elements of an array that is given up; the value itself if it is none.
    ///
    /// # Errors
    /// With the value, where it is no array.
    pub fn into_array(mut self) -> Result<Vec<Json>, Json> {
        match &mut self {
            Json::Array(items) => Ok(std::mem::take(items)),
            _ => Err(self),
        }
    }

    /// The members of an object that is given up.
    #[must_use]
    pub fn into_object(mut self) -> Option<Vec<(String, Json)>> {
        match &mut self {
            Json::Object(members) => Some(std::mem::take(members)),
            _ => None,
        }
    }
}
