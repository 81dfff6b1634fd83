//! Login, projects, boundaries, names, master data.

use fieldcast_sandbox::{Sandbox, SandboxConfig, SandboxError};
use serde_json::{Value, json};

use crate::support::{Client, config};

#[tokio::test]
async fn returns_user_on_login_and_rejects_wrong_password() {
    let client = Client::start(config()).await;
    let (status, body) = client.login("distributor", "fieldcast").await;
    assert_eq!((status, &body["token_type"]), (200, &json!("bearer")));
    assert_eq!(body["UserRequest"]["roles"][0]["code"], "DISTRIBUTOR");
    let (status, body) = client.login("distributor", "wrong").await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_request")));
    assert_eq!(body["error_description"], "Invalid login credentials");
    let url = format!("{}/user/oauth/token", client.sandbox.url());
    let form = [("username", "distributor"), ("password", "fieldcast"), ("tenantId", "mz")];
    let response = client.http.post(url).form(&form).send().await.expect("an answer");
    assert_eq!(response.status(), 401, "without the client's Basic header");
}

#[tokio::test]
async fn rejects_invalid_token_on_all_endpoints() {
    let mut client = Client::start(config()).await;
    client.token = "stale".into();
    for path in [
        "/project/staff/v1/_search",
        "/project/v1/_search",
        "/boundary-service/boundary-relationships/_search",
        "/referralmanagement/beneficiary-downsync/v1/_get",
        "/access/v1/actions/mdms/_get",
    ] {
        let (status, body) = client.post(path, json!({})).await;
        assert_eq!((status, &body["ResponseInfo"]), (401, &Value::Null), "{path}");
        assert!(body["Errors"][0]["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
}

#[tokio::test]
async fn finds_projects_through_staff() {
    let client = Client::start(config()).await;
    let (_, login) = client.login("distributor", "fieldcast").await;
    let search = json!({ "ProjectStaff": { "staffId": [login["UserRequest"]["uuid"]] } });
    let (_, staff) = client.post("/project/staff/v1/_search?offset=0&limit=100&tenantId=mz", search).await;
    assert_eq!(staff["TotalCount"], 2);
    let id = staff["ProjectStaff"][0]["projectId"].clone();
    let search = json!({ "Projects": [{ "id": id, "tenantId": "mz" }] });
    let (_, found) = client.post("/project/v1/_search?offset=0&limit=100&tenantId=mz", search).await;
    let project = &found["Project"][0];
    assert_eq!(project["id"], id);
    assert!(project["projectHierarchy"].as_str().is_some_and(|path| path.ends_with(id.as_str().expect("an id"))));
    assert_eq!(project["additionalDetails"]["projectType"]["beneficiaryType"], "INDIVIDUAL");
    let unknown = json!({ "ProjectStaff": { "staffId": ["unknown"] } });
    assert_eq!(client.post("/project/staff/v1/_search", unknown).await.1["ProjectStaff"], json!([]));
}

fn leaves<'v>(node: &'v Value, found: &mut Vec<&'v str>) {
    let children = node["children"].as_array().expect("children");
    if children.is_empty() {
        assert_eq!(node["boundaryType"], "Village");
        found.push(node["code"].as_str().expect("a code"));
    }
    children.iter().for_each(|child| leaves(child, found));
}

#[tokio::test]
async fn returns_every_leaf_with_name() {
    let client = Client::start(SandboxConfig { boundaries: 200, ..config() }).await;
    let path = "/boundary-service/boundary-relationships/_search?tenantId=mz&includeChildren=true&hierarchyType=ADMIN\
                &boundaryType=Country&codes=MICROPLAN_MO";
    let (status, body) = client.post(path, json!({})).await;
    assert_eq!(status, 200);
    let mut found = Vec::new();
    leaves(&body["TenantBoundary"][0]["boundary"][0], &mut found);
    let moment = client.moment();
    assert_eq!(found, moment.leaves().iter().map(|leaf| leaf.code.as_str()).collect::<Vec<_>>());

    let path = "/localization/messages/v1/_search?module=hcm-boundary-admin&locale=pt_MZ&tenantId=mz";
    let (_, body) = client.post(path, json!({})).await;
    let messages = body["messages"].as_array().expect("messages");
    let name = messages.iter().find(|message| message["code"] == found[0]).expect("a name");
    assert_eq!((&name["message"], &name["locale"]), (&json!(moment.leaves()[0].name), &json!("pt_MZ")));
    let other = "/localization/messages/v1/_search?module=hcm-home&locale=pt_MZ&tenantId=mz";
    assert_eq!(client.post(other, json!({})).await.1["messages"], json!([]));
}

#[tokio::test]
async fn returns_downsync_path_before_login() {
    let mut client = Client::start(config()).await;
    client.token = String::new();
    let search = json!({ "MdmsCriteria": { "tenantId": "mz", "moduleDetails": [
        { "moduleName": "HCM-SERVICE-REGISTRY", "masterDetails": [{ "name": "serviceRegistry" }] },
        { "moduleName": "HCM", "masterDetails": [{ "name": "APP_CONFIG" }, { "name": "UNHEARD_OF" }] },
    ] } });
    let (status, body) = client.post("/mdms-v2/v1/_search", search).await;
    assert_eq!(status, 200);
    let services = body["MdmsRes"]["HCM-SERVICE-REGISTRY"]["serviceRegistry"].as_array().expect("services");
    let downsync = services.iter().find(|service| service["service"] == "DOWNSYNC").expect("the downsync");
    assert_eq!(downsync["actions"][0]["path"], "/referralmanagement/beneficiary-downsync/v1/_get");
    assert_eq!(body["MdmsRes"]["HCM"]["UNHEARD_OF"], json!([]));
}

#[tokio::test]
async fn suggests_another_port_if_in_use() {
    let first = Sandbox::start(config()).await.expect("a free port");
    let second = Sandbox::start(SandboxConfig { listen: first.address(), ..config() }).await;
    let error = second.expect_err("taken");
    assert!(matches!(error, SandboxError::PortInUse { .. }));
    assert!(error.to_string().contains("choose another port"), "{error}");
    let address = first.address();
    first.stop().await;
    let again = Sandbox::start(SandboxConfig { listen: address, ..config() }).await;
    assert!(again.is_ok(), "stop must free the port");
}

#[tokio::test]
async fn rejects_invalid_setting() {
    for broken in [
        SandboxConfig { boundaries: 0, ..config() },
        SandboxConfig { accepted_status: 201, ..config() },
        SandboxConfig { users: Vec::new(), ..config() },
        SandboxConfig { tenant: String::new(), ..config() },
    ] {
        assert!(matches!(Sandbox::start(broken).await, Err(SandboxError::Config { .. })));
    }
}
