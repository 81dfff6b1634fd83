//! The boundaries below a project's own.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::Client;
use crate::error::Error;
use crate::names;
use crate::project::Project;
use crate::session::Session;

/// A boundary of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boundary {
    /// Its code, unique in the tree; what a dataset names for a leaf.
    pub code: String,
    /// Its name in the configured locale, or what its code says.
    pub name: String,
    /// Its level, e.g. `DISTRICT` or `VILLAGE`.
    pub kind: String,
    /// Its place's place: index of its parent in [`BoundaryTree::all`]; `None` at the top.
    pub parent: Option<usize>,
    /// Steps from the top: 0, 1, ...
    pub depth: usize,
    /// Whether nothing is below it. Households stand in leaves only.
    pub leaf: bool,
}

/// A project's boundaries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundaryTree {
    all: Vec<Boundary>,
}

impl BoundaryTree {
    /// Every boundary, each before those below it, siblings in the server's order.
    pub fn all(&self) -> &[Boundary] {
        &self.all
    }

    /// Those that data is downloaded by.
    pub fn leaves(&self) -> impl Iterator<Item = &Boundary> {
        self.all.iter().filter(|boundary| boundary.leaf)
    }

    /// The boundary of that code.
    pub fn find(&self, code: &str) -> Option<&Boundary> {
        self.all.iter().find(|boundary| boundary.code == code)
    }

    /// From the top to the boundary of that code, both included; empty if there is none.
    pub fn path(&self, code: &str) -> Vec<&Boundary> {
        let mut path = Vec::new();
        let mut next = self.find(code);
        while let Some(boundary) = next {
            path.push(boundary);
            next = boundary.parent.and_then(|parent| self.all.get(parent));
        }
        path.reverse();
        path
    }

    /// The boundaries right below the one of that code, or the topmost for `None`.
    pub fn children(&self, code: Option<&str>) -> impl Iterator<Item = &Boundary> {
        let known = code.is_none_or(|code| self.find(code).is_some());
        let above = code.and_then(|code| self.all.iter().position(|boundary| boundary.code == code));
        self.all.iter().filter(move |boundary| known && boundary.parent == above)
    }

    /// Flattens without recursion, since the depth is the server's choice. A code that comes twice counts once.
    fn flatten(tops: Vec<Node>, names: &HashMap<String, String>) -> Self {
        let mut all: Vec<Boundary> = Vec::new();
        let mut seen = HashSet::new();
        let mut waiting: Vec<(Option<usize>, Node)> = tops.into_iter().rev().map(|node| (None, node)).collect();
        while let Some((parent, node)) = waiting.pop() {
            let Some(code) = node.code.filter(|code| !code.is_empty() && seen.insert(code.clone())) else { continue };
            let above = parent.map(|parent| &all[parent]);
            let derived = || names::from_code(&code, above.map(|above| above.code.as_str()));
            let boundary = Boundary {
                name: names.get(&code).cloned().or(node.name).unwrap_or_else(derived),
                kind: node.boundary_type.unwrap_or_default(),
                parent,
                depth: above.map_or(0, |above| above.depth + 1),
                leaf: node.children.as_ref().is_none_or(Vec::is_empty),
                code,
            };
            let place = all.len();
            all.push(boundary);
            waiting.extend(node.children.into_iter().flatten().rev().map(|child| (Some(place), child)));
        }
        Self { all }
    }
}

#[derive(Deserialize)]
struct TreeBody {
    #[serde(rename = "TenantBoundary")]
    tenants: Option<Vec<TenantBody>>,
}

#[derive(Deserialize)]
struct TenantBody {
    boundary: Option<Vec<Node>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    code: Option<String>,
    /// Only the old location service sends one.
    name: Option<String>,
    boundary_type: Option<String>,
    children: Option<Vec<Node>>,
}

impl Client {
    /// The boundaries of a project, named in the configured locale where the server has names.
    ///
    /// # Errors
    /// [`Error::NotFound`] if project or server know no boundary; [`Error::SessionExpired`], [`Error::Unreachable`],
    /// [`Error::Server`], [`Error::BadAnswer`].
    pub async fn boundaries(&self, session: &Session, project: &Project) -> Result<BoundaryTree, Error> {
        let config = self.config();
        let Some(top) = &project.boundary else {
            return Err(Error::NotFound { what: "the project's boundary".to_owned() });
        };
        let query = [
            ("tenantId", config.tenant.as_str()),
            ("includeChildren", "true"),
            ("hierarchyType", &config.hierarchy),
            ("boundaryType", &top.kind),
            ("codes", &top.code),
        ];
        let body: TreeBody = self.ask(session, &config.paths.boundaries, &query, json!({})).await?;
        let tops: Vec<Node> =
            body.tenants.into_iter().flatten().filter_map(|tenant| tenant.boundary).flatten().collect();
        if tops.is_empty() {
            return Err(Error::NotFound { what: format!("the boundary {} of the project", top.code) });
        }
        Ok(BoundaryTree::flatten(tops, &self.boundary_names(session).await))
    }
}
