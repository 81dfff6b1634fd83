//! Login, projects, boundaries.

use serde_json::json;

use super::server::{Scripted, Server};
use super::{PHONE_CLOCK, config, session};
use crate::{BeneficiaryType, Client, Error, Project, ProjectBoundary};

fn client(server: &Server) -> Client {
    Client::new(config(&server.url)).unwrap()
}

#[tokio::test]
async fn logs_in_and_hides_session_in_debug() {
    let user = json!({
        "id": 7, "uuid": "u-7", "userName": "asha", "name": "Asha M", "mobileNumber": "999", "emailId": null,
        "roles": [{ "name": "Distributor", "code": "DISTRIBUTOR", "tenantId": "mz" }],
    });
    let token = json!({ "access_token": "tok-1", "expires_in": 60, "UserRequest": user });
    let server = Server::start(move |_, _| Scripted::json(&token)).await;
    let session = client(&server).login("asha", "p&ss word").await.unwrap();
    assert_eq!((session.access_token.as_str(), session.user_uuid.as_str()), ("tok-1", "u-7"));
    assert_eq!(session.expires_at, Some(PHONE_CLOCK + 60_000));
    assert!(session.roles[0].code == "DISTRIBUTOR" && session.user_info.as_str().contains("999"));
    let printed = format!("{session:?}");
    assert!(["tok-1", "asha", "Asha", "999"].iter().all(|secret| !printed.contains(secret)), "{printed}");
    let stored = serde_json::to_string(&session).unwrap();
    assert_eq!(serde_json::from_str::<crate::Session>(&stored).unwrap(), session);

    let request = &server.seen()[0];
    assert_eq!(request.target, "/user/oauth/token");
    assert_eq!(request.header("authorization"), Some("Basic ZWdvdi11c2VyLWNsaWVudDo="));
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(
        request.body,
        "username=asha&password=p%26ss+word&userType=EMPLOYEE&tenantId=mz&scope=read&grant_type=password"
    );
}

#[tokio::test]
async fn distinguishes_wrong_password_from_server_error() {
    let server = Server::start(|n, _| match n {
        0 => Scripted::raw(400, r#"{"error":"invalid_request","error_description":"Invalid login credentials"}"#),
        1 => Scripted::raw(401, ""),
        2 => Scripted::raw(400, r#"{"Errors":[{"code":"INVALID_TENANT_ID","message":"no such tenant"}]}"#),
        _ => Scripted::raw(200, "{}"),
    })
    .await;
    let client = client(&server);
    assert_eq!(client.login("a", "b").await, Err(Error::WrongCredentials));
    assert_eq!(client.login("a", "b").await, Err(Error::WrongCredentials));
    let Err(Error::Server { status: 400, code, .. }) = client.login("a", "b").await else { panic!() };
    assert_eq!(code, "INVALID_TENANT_ID");
    assert!(matches!(client.login("a", "b").await, Err(Error::BadAnswer { .. })));
    assert_eq!(server.seen().len(), 3 + 4, "only temporary errors are retried");
}

#[tokio::test]
async fn lists_each_staff_project_once() {
    let server = Server::start(|_, request| {
        let body = request.json();
        assert_eq!(body["RequestInfo"]["authToken"], "the-token");
        assert_eq!(body["RequestInfo"]["userInfo"]["uuid"], "u");
        if request.target.starts_with("/project/staff/v1/_search?offset=0&limit=100&tenantId=mz") {
            assert_eq!(body["ProjectStaff"]["staffId"], json!(["u"]));
            let row = |id, gone| json!({ "projectId": id, "isDeleted": gone });
            return Scripted::json(
                &json!({ "ProjectStaff": [row("p1", false), row("p1", false), row("p2", true), row("p3", false)] }),
            );
        }
        assert!(request.target.starts_with("/project/v1/_search?"), "{}", request.target);
        match body["Projects"][0]["id"].as_str().unwrap() {
            "p1" => Scripted::json(&json!({ "Project": [{
                "id": "p1", "name": "Nets", "projectType": "LLIN", "referenceID": "CMP-1", "startDate": 1, "endDate": 2,
                "projectHierarchy": "root.p1", "address": { "boundaryType": "DISTRICT", "boundary": "MO_13" },
                "additionalDetails": { "projectType": { "beneficiaryType": "HOUSEHOLD" } },
                "targets": [{ "beneficiaryType": "INDIVIDUAL" }],
            }] })),
            _ => Scripted::json(&json!({ "Project": null })),
        }
    })
    .await;
    let projects = client(&server).projects(&session()).await.unwrap();
    assert_eq!(projects, [nets()]);
}

fn nets() -> Project {
    Project {
        id: "p1".into(),
        name: "Nets".into(),
        project_type: "LLIN".into(),
        beneficiary_type: Some(BeneficiaryType::Household),
        boundary: Some(ProjectBoundary { code: "MO_13".into(), kind: "DISTRICT".into() }),
        root_id: "root".into(),
        reference: Some("CMP-1".into()),
        start_date: Some(1),
        end_date: Some(2),
    }
}

#[tokio::test]
async fn flattens_and_names_boundaries() {
    let leaf = |code| json!({ "code": code, "boundaryType": "VILLAGE", "children": [] });
    let tree = json!({ "TenantBoundary": [{ "hierarchyType": "ADMIN", "boundary": [{
        "code": "MO_13", "boundaryType": "DISTRICT", "children": [
            { "code": "MO_13_01_WEST", "boundaryType": "POST", "children": [leaf("MO_13_01_WEST_01_A"), leaf("MO_13_01_WEST_02_B")] },
            { "code": "MO_13_02_EAST", "boundaryType": "POST", "children": [leaf("MO_13_02_EAST_01_C")] },
        ] }] }] });
    let server = Server::start(move |_, request| {
        if request.target.starts_with("/localization/") {
            assert!(request.target.contains("module=hcm-boundary-admin"), "{}", request.target);
            return Scripted::json(&json!({ "messages": [{ "code": "MO_13_01_WEST_01_A", "message": "Aldeia A" }] }));
        }
        assert!(request.target.contains("hierarchyType=ADMIN&boundaryType=DISTRICT&codes=MO_13"), "{}", request.target);
        Scripted::json(&tree)
    })
    .await;
    let tree = client(&server).boundaries(&session(), &nets()).await.unwrap();
    let names: Vec<_> = tree.all().iter().map(|b| (b.name.as_str(), b.depth, b.leaf)).collect();
    assert_eq!(
        names,
        [
            ("MO 13", 0, false),
            ("WEST", 1, false),
            ("Aldeia A", 2, true),
            ("B", 2, true),
            ("EAST", 1, false),
            ("C", 2, true)
        ]
    );
    assert_eq!(tree.leaves().count(), 3);
    let path: Vec<_> = tree.path("MO_13_02_EAST_01_C").into_iter().map(|b| b.name.as_str()).collect();
    assert_eq!(path, ["MO 13", "EAST", "C"]);
    assert_eq!(tree.children(Some("MO_13")).count(), 2);
    assert_eq!((tree.children(None).count(), tree.children(Some("nowhere")).count()), (1, 0));
}

#[tokio::test]
async fn makes_missing_names_from_codes() {
    let tree = json!({ "TenantBoundary": [{ "boundary": [{ "code": "MO_13", "children": null }] }] });
    let server = Server::start(move |_, request| {
        if request.target.starts_with("/localization/") { Scripted::raw(500, "") } else { Scripted::json(&tree) }
    })
    .await;
    let tree = client(&server).boundaries(&session(), &nets()).await.unwrap();
    assert_eq!(tree.all()[0].name, "MO 13");
    assert_eq!(server.seen().len(), 2, "names are requested once");
}

#[tokio::test]
async fn reports_missing_resources_as_not_found() {
    let server = Server::start(|_, request| match request.target.starts_with("/boundary") {
        true => Scripted::json(&json!({ "TenantBoundary": [] })),
        false => Scripted::raw(404, "no such route"),
    })
    .await;
    let client = client(&server);
    assert!(matches!(client.boundaries(&session(), &nets()).await, Err(Error::NotFound { .. })));
    assert!(matches!(client.projects(&session()).await, Err(Error::NotFound { .. })));
}

#[test]
fn refuses_to_send_token_unencrypted() {
    let new = |url: &str| Client::new(config(url)).map(drop);
    for refused in ["http://hcm.example.org", "ftp://hcm.example.org", "hcm.example.org", ""] {
        assert!(matches!(new(refused), Err(Error::Config { .. })), "{refused}");
    }
    for allowed in ["https://hcm.example.org/base", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:80"] {
        assert_eq!(new(allowed), Ok(()), "{allowed}");
    }
    assert!(Client::new(crate::ServerConfig { allow_http: true, ..config("http://hcm.example.org") }).is_ok());
}

#[tokio::test]
async fn sets_up_tls_without_platform_verifier() {
    let server = Server::start(|_, _| Scripted::raw(200, "not TLS")).await;
    let client = Client::new(config(&server.url.replace("http:", "https:"))).unwrap();
    assert!(matches!(client.login("a", "b").await, Err(Error::Unreachable { .. })));
    let junk = crate::ServerConfig { extra_roots: vec![vec![1, 2, 3]], ..config("https://hcm.example.org") };
    assert!(matches!(Client::new(junk), Err(Error::Config { .. })));
}

#[tokio::test]
async fn rejects_oversized_login_and_boundaries() {
    let many = |count| vec!["{}"; count].join(",");
    let login = format!(r#"{{"access_token":"t","UserRequest":{{"roles":[{}]}}}}"#, many(100_000));
    let boundaries = format!(r#"{{"TenantBoundary":[{{"boundary":[{}]}}]}}"#, many(1_000_000));
    let server = Server::start(move |_, request| match request.target.starts_with("/user") {
        true => Scripted::raw(200, login.as_str()),
        false => Scripted::raw(200, boundaries.as_str()),
    })
    .await;
    let client = Client::new(config(&server.url)).unwrap();
    assert!(matches!(client.login("asha", "secret").await, Err(Error::TooLarge { .. })));
    let boundary = Some(ProjectBoundary { code: "MO".into(), kind: "COUNTRY".into() });
    let found = client.boundaries(&session(), &Project { boundary, ..nets() }).await;
    assert_eq!(found.unwrap_err(), Error::TooLarge { limit: 40 << 20 });
    assert_eq!(server.seen().len(), 2, "a retry would give the same answer");
}
