//! The boundaries below the boundary of a project.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::Client;
use crate::error::Error;
use crate::names;
use crate::project::Project;
use crate::session::Session;

/// A boundary in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boundary {
    /// Its code, unique in the tree. For a leaf, this is the boundary of a dataset.
    pub code: String,
    /// Its name in the configured locale, or a name made from its code.
    pub name: String,
    /// Its level, e.g. `DISTRICT` or `VILLAGE`.
    pub kind: String,
    /// The index of its parent in [`BoundaryTree::all`]; `None` for a top boundary.
    pub parent: Option<usize>,
    /// Its depth: 0 at the top.
    pub depth: usize,
    /// Whether it has no children. Only leaves have households.
    pub leaf: bool,
}

/// The boundaries of a project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundaryTree {
    all: Vec<Boundary>,
}

impl BoundaryTree {
    /// All boundaries, each one before its children, siblings in the server's order.
    pub fn all(&self) -> &[Boundary] {
        &self.all
    }

    /// The boundaries that can be downloaded.
    pub fn leaves(&self) -> impl Iterator<Item = &Boundary> {
        self.all.iter().filter(|boundary| boundary.leaf)
    }

    /// The boundary with this code.
    pub fn find(&self, code: &str) -> Option<&Boundary> {
        self.all.iter().find(|boundary| boundary.code == code)
    }

    /// The path from the top to the boundary with this code, including both. Empty if it does not exist.
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

    /// The children of the boundary with this code, or the top boundaries for `None`.
    pub fn children(&self, code: Option<&str>) -> impl Iterator<Item = &Boundary> {
        let known = code.is_none_or(|code| self.find(code).is_some());
        let above = code.and_then(|code| self.all.iter().position(|boundary| boundary.code == code));
        self.all.iter().filter(move |boundary| known && boundary.parent == above)
    }

    /// Flattens the tree without recursion, because the server chooses the depth. Ignores repeated codes.
    fn flatten(tops: Vec<BoundaryNode>, names: &HashMap<String, String>) -> Self {
        let mut all: Vec<Boundary> = Vec::new();
        let mut seen = HashSet::new();
        let mut pending: Vec<(Option<usize>, BoundaryNode)> = tops.into_iter().rev().map(|node| (None, node)).collect();
        while let Some((parent, node)) = pending.pop() {
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
            let index = all.len();
            all.push(boundary);
            pending.extend(node.children.into_iter().flatten().rev().map(|child| (Some(index), child)));
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
    boundary: Option<Vec<BoundaryNode>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BoundaryNode {
    code: Option<String>,
    /// Only the old location service sends this field.
    name: Option<String>,
    boundary_type: Option<String>,
    children: Option<Vec<BoundaryNode>>,
}

impl Client {
    /// The boundaries of a project, with names in the configured locale if the server has names.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the project or the server has no boundary; [`Error::SessionExpired`],
    /// [`Error::Unreachable`], [`Error::Server`], [`Error::BadAnswer`].
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
        let tops: Vec<BoundaryNode> =
            body.tenants.into_iter().flatten().filter_map(|tenant| tenant.boundary).flatten().collect();
        if tops.is_empty() {
            return Err(Error::NotFound { what: format!("the boundary {} of the project", top.code) });
        }
        Ok(BoundaryTree::flatten(tops, &self.boundary_names(session).await))
    }
}
