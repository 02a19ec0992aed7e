//! Decision tables: which addresses are read, which page follows, who gets the token.

use super::{get, job_page, located, next_page, query_job, query_path, trusted};
use crate::error::Error;
use crate::model::text::sanitize_url;

const HOST: &str = "https://acme.my.salesforce.com";

#[track_caller]
fn is_refused<T: std::fmt::Debug>(result: Result<T, Error>, what: &str) {
    let error = result.expect_err(what);
    assert_eq!(error.exit().code(), 3, "{what}: {error}");
    assert!(error.to_string().contains("refused before it was sent"), "{what}: {error}");
}

/// Each resource with its parameters, and nothing else.
#[test]
fn the_table_of_what_is_read() {
    let v = "/services/data/v67.0";
    for address in [
        "/services/data",
        "/services/oauth2/userinfo",
        "/services/data/v67.0/limits",
        "/services/data/v67.0/query?q=SELECT+Id+FROM+Contact",
        "/services/data/v67.0/query?q=SELECT+Id+FROM+Contact+WHERE+Name+%3D+%27FOR+VIEW%27",
        "/services/data/v67.0/queryAll?q=SELECT+Id+FROM+Contact",
        "/services/data/v67.0/tooling/query?q=SELECT+Id+FROM+ApexTrigger",
        "/services/data/v67.0/query/0r8xx0000000001AAA-2000",
        "/services/data/v67.0/queryAll/01gxx0000000001AAA-2000",
        "/services/data/v67.0/tooling/query/01gxx0000000001AAA-2000",
        "/services/data/v67.0/sobjects/Contact/describe",
        "/services/data/v67.0/sobjects/docebo_v3__Course__c/describe",
        "/services/data/v67.0/sobjects/Contact/listviews/00B000000000000AAA/describe",
        "/services/data/v67.0/jobs/query/7505g0000000001AAA",
        "/services/data/v67.0/jobs/query/7505g0000000001AAA/results",
        "/services/data/v67.0/jobs/query/7505g0000000001AAA/results?maxRecords=25000",
        "/services/data/v67.0/jobs/query/7505g0000000001AAA/results?maxRecords=25000&locator=MTA%3D",
        "/services/data/v67.0/jobs/query/7505g0000000001AAA/resultPages?maxRecords=25000",
    ] {
        assert!(get(address).is_ok(), "{address}: {:?}", get(address));
    }
    let job = format!("{v}/jobs/query/7505g0000000001AAA");
    let query = format!("{v}/query?q=SELECT+Id+FROM+Contact");
    for address in [
        // Other resources, and resources with side effects.
        "",
        "/",
        "/secur/logout.jsp",
        "/services/apexrest/docebo_v3/courses",
        "/services/oauth2/token",
        "/services/oauth2/revoke",
        "/services/oauth2/userinfo?x=1",
        "/services/oauth2/userinfo/",
        "/services/data?x=1",
        "/services/data?",
        "/services/data/",
        "/services/data/v67.0",
        "/services/data/v67.0/tooling/executeAnonymous?anonymousBody=System.debug%281%29%3B",
        "/services/data/v67.0/tooling/executeAnonymous/?anonymousBody=x",
        "/services/data/v67.0/tooling/runTestsSynchronous",
        "/services/data/v67.0/actions/custom/apex/X",
        "/services/data/v67.0/sobjects/Contact/003000000000000AAA",
        "/services/data/v67.0/sobjects/Account/describe",
        "/services/data/v67.0/sobjects/Contact/listviews/../describe",
        "/services/data/v67.0/sobjects/Contact/listviews/00B000000000000AAA/results",
        "/services/data/v67.0/search?q=FIND+x",
        "/services/data/v67.0/query",
        "/services/data/v67.0/query/",
        "/services/data/v67.0/query//x",
        "/services/data/vlatest/limits",
        "/services/data/v67.0/../apexrest/x",
        "/services/data/v67.0/./limits",
        "/services/data/v67.0/.../limits",
        "/services/data//v67.0/limits",
        "//evil.example/services/data",
        // Anything a parser would repair.
        "/services/data/v67.0/%2e%2e/%2e%2e/apexrest/x",
        "/services/data/v67.0/.%2e/.%2e/apexrest/x",
        "/services/data/v67.0/%2E./apexrest/x",
        "/services/data/v67.0/.\t./.\t./apexrest/x",
        "/services/data/v67.0/.\n./.\n./apexrest/x",
        "/services/data/v67.0/.\r./apexrest/x",
        "/services/data/v67.0/l\timits",
        "/services/data/v67.0\\..\\apexrest/x",
        "/services/data/v67.0/limits#x",
        "/services/data/v67.0/limits%23",
        "/services/data/v67.0/lim%69ts",
        "/services/data/v67.0/limits ",
        " /services/data/v67.0/limits",
        "/services/data/v67.0/limits\u{a0}",
        "/services/data/v67.0/limits;x=1",
        // Other hosts.
        "@evil.example/services/data",
        "https://evil.example/services/data",
        "https://acme.my.salesforce.com/services/data",
        ":@evil.example/services/data",
        ":8443/services/data",
        ".evil.example/services/data",
        "services/data",
        "\\\\evil.example/services/data",
    ] {
        is_refused(get(address), address);
    }
    for (resource, parameters) in [
        (&query, "&x=1"),
        (&query, "&q=SELECT+Id+FROM+Contact+FOR+VIEW"),
        (&query, "+FOR+VIEW"),
        (&query, "+for%0Aupdate"),
        (&query, "%20FOR%20REFERENCE"),
        (&query, "+F%4FR+VIEW"),
        (&query, "+UPDATE+TRACKING"),
        (&query, "%00"),
        (&query, "#+FOR+VIEW"),
        (&query, "&"),
        (&query, "%"),
        (&query, "\t"),
        (&format!("{v}/query"), "?x=1&q=SELECT+Id+FROM+Contact+FOR+VIEW"),
        (&format!("{v}/query"), "?%71=SELECT+Id+FROM+Contact+FOR+VIEW"),
        (&format!("{v}/query"), "?%71=SELECT+Id+FROM+Contact"),
        (&format!("{v}/query"), "?Q=SELECT+Id+FROM+Contact"),
        (&format!("{v}/query"), "?q=SELECT+Id+FROM+Contact;x=1"),
        (&format!("{v}/query"), "?q=S%45LECT+Id+FROM+Contact"),
        (&format!("{v}/query"), "?q=SELECT%20Id%20FROM%20Contact"),
        (&format!("{v}/query"), "?q=SELECT+Id+FROM+Contact+WHERE+Name+%3d+%27x%27"),
        (&format!("{v}/query"), "?q=DELETE"),
        (&format!("{v}/query"), "?q="),
        (&format!("{v}/query"), "?q"),
        (&format!("{v}/query"), "?explain=SELECT+Id+FROM+Contact"),
        (&format!("{v}/query/01g-2000"), "?q=SELECT+Id+FROM+Contact"),
        (&format!("{v}/query/01g-2000"), "?"),
        (&format!("{v}/query/01g.2000"), ""),
        (&format!("{v}/query/{}", "a".repeat(513)), ""),
        (&format!("{v}/limits"), "?"),
        (&job, "?x=1"),
        (&job, "/"),
        (&job, "/results?maxRecords=0"),
        (&job, "/results?maxRecords=-1"),
        (&job, "/results?maxRecords=99999999"),
        (&job, "/results?maxRecords=5&maxRecords=5"),
        (&job, "/results?locator=a&locator=b"),
        (&job, "/results?locator="),
        (&job, "/results?locator=a%0d%0aHost%3A+x"),
        (&job, "/results?locator=%C3%B6"),
        (&job, "/results?locator=a&x=1"),
        (&job, "/results?l%6Fcator=a"),
        (&job, "/results/a"),
        (&format!("{v}/jobs/query/.."), "/results"),
        (&format!("{v}/jobs/query/short"), ""),
        (&format!("{v}/jobs/ingest/7505g0000000001AAA"), ""),
    ] {
        let address = format!("{resource}{parameters}");
        is_refused(get(&address), &address);
    }
}

#[test]
fn a_query_job_is_made_for_a_version_and_with_a_query_that_reads() {
    assert!(query_job("67.0", "SELECT Id FROM Contact").is_ok());
    is_refused(query_job("67.0", "SELECT Id FROM Contact FOR REFERENCE"), "a clause");
    for version in ["67.0/../x", "67", "", "+67.0", "67.0?", "67.0.0", "99999.0"] {
        is_refused(query_job(version, "SELECT Id FROM Contact"), version);
    }
}

#[test]
fn a_query_survives_its_address() {
    let soql = "SELECT Id FROM X WHERE Name = 'O\\'Brien & S\u{f6}hne+1 100% #@\\\\' AND A >= 2026-01-31T23:59:59Z";
    let path = query_path("67.0", "query", soql);
    assert_eq!(sanitize_url(path.split_once("?q=").expect("a query").1), soql);
    assert!(get(&path).is_ok());
}

/// Of server-supplied addresses only the next page of the current query is followed.
#[test]
fn only_the_next_page_of_the_query_in_hand_is_followed() {
    let v = "/services/data/v67.0";
    let first = format!("{v}/query?q=SELECT+Id+FROM+Contact");
    let page = format!("{v}/query/0r8xx0000000001AAA-2000");
    for (in_hand, described) in [(&first, page.clone()), (&page, page.clone()), (&first, format!("{HOST}{page}"))] {
        assert_eq!(next_page(HOST, in_hand, &described).expect(&described), page);
    }
    let setup = format!("{v}/tooling/query?q=SELECT+Id+FROM+X");
    assert!(next_page(HOST, &setup, &format!("{v}/tooling/query/01g-2000")).is_ok());
    for (in_hand, described) in [
        (&first, format!("{v}/queryAll/01g-2000")),
        (&first, format!("{v}/tooling/query/01g-2000")),
        (&setup, format!("{v}/query/01g-2000")),
        (&first, "/services/data/v66.0/query/01g-2000".to_owned()),
        (&first, format!("{page}?x=1")),
        (&first, format!("{page}?")),
        (&first, format!("{page}#x")),
        (&first, format!("{page}/x")),
        (&first, format!("{v}/query/")),
        (&first, format!("{v}/query/..")),
        (&first, format!("{v}/query/%2e%2e")),
        (&first, format!("{v}/query/.%2e/limits")),
        (&first, format!("{v}/query/01g\t2000")),
        (&first, format!("{v}/query/01g\n2000")),
        (&first, format!("{v}/query\\01g")),
        (&first, format!("{v}/query/01g@x")),
        (&first, format!("{v}/query?q=SELECT+Id+FROM+Contact")),
        (&first, format!("{v}/limits")),
        (&first, format!("{v}/tooling/executeAnonymous?anonymousBody=x")),
        (&first, "/secur/logout.jsp".to_owned()),
        (&first, "/services/apexrest/x".to_owned()),
        (&first, format!("https://evil.example{page}")),
        (&first, format!("http://acme.my.salesforce.com{page}")),
        (&first, format!("https://acme.my.salesforce.com:8443{page}")),
        (&first, format!("https://ada:pw@acme.my.salesforce.com{page}")),
        (&first, format!("https://acme.my.salesforce.com@evil.example{page}")),
        (&first, format!("{HOST}.evil.example{page}")),
        (&first, format!("//evil.example{page}")),
        (&first, String::new()),
    ] {
        is_refused(next_page(HOST, in_hand, &described), &described);
    }
}

#[test]
fn pages_of_a_job_stay_with_it_and_are_written_anew() {
    let base = "/services/data/v67.0/jobs/query/7505g0000000001AAA";
    let of = |what: &str, described: &str| job_page(HOST, base, what, 100, described);
    let page = format!("{base}/results?maxRecords=100&locator=MTA%3D");
    for described in [
        format!("{base}/results?locator=MTA%3D&maxRecords=100"),
        format!("{base}/results?locator=MTA="),
        format!("{HOST}{base}/results?locator=MTA%3D"),
        "v67.0/jobs/query/7505g0000000001AAA/results?locator=MTA%3D".to_owned(),
    ] {
        assert_eq!(of("results", &described).expect(&described), page);
    }
    assert_eq!(
        of("results", &format!("{base}/results?maxRecords=7")).expect("a page"),
        format!("{base}/results?maxRecords=7")
    );
    assert!(of("resultPages", &format!("{base}/resultpages?locator=a")).is_ok());
    assert_eq!(located(base, 100, "MTA=").expect("a locator"), page);
    for described in [
        "/services/data/v67.0/jobs/query/7505g0000000002AAA/results?locator=a",
        "/services/data/v66.0/jobs/query/7505g0000000001AAA/results?locator=a",
        "/services/data/v67.0/jobs/query/7505g0000000001AAA/resultPages?locator=a",
        "/services/data/v67.0/jobs/query/7505g0000000001AAA",
        "/services/data/v67.0/jobs/query/7505g0000000001AAA/results?maxRecords=101",
        "/services/data/v67.0/jobs/query/7505g0000000001AAA/results?locator=a&q=b",
        "/services/data/v67.0/jobs/query/7505g0000000001AAA/%2e%2e/results?locator=a",
        "/services/data/v67.0/tooling/executeAnonymous?anonymousBody=x",
        "https://evil.example/services/data/v67.0/jobs/query/7505g0000000001AAA/results?locator=a",
        "",
    ] {
        is_refused(of("results", described), described);
    }
    for locator in ["", "a b", "a\r\nb", "\u{f6}"] {
        is_refused(located(base, 100, locator), locator);
    }
}

/// Which hosts get the token.
#[test]
fn the_token_goes_to_salesforce_or_to_what_is_configured() {
    let own = "https://crm.example.com";
    let here = "http://127.0.0.1:8080";
    for (address, configured, trusted_as) in [
        ("https://acme.my.salesforce.com", None, "https://acme.my.salesforce.com"),
        ("https://acme.my.salesforce.com//", None, "https://acme.my.salesforce.com"),
        ("https://ACME.my.salesforce.com:443/", None, "https://acme.my.salesforce.com"),
        ("https://acme--dev.sandbox.my.salesforce.com", None, "https://acme--dev.sandbox.my.salesforce.com"),
        ("https://acme.lightning.force.com/", None, "https://acme.my.salesforce.com"),
        ("https://na139.salesforce.com", None, "https://na139.salesforce.com"),
        ("https://login.salesforce.com", None, "https://login.salesforce.com"),
        ("https://acme.cloudforce.com", None, "https://acme.cloudforce.com"),
        ("https://acme.my.salesforce.mil", None, "https://acme.my.salesforce.mil"),
        (own, Some(own), own),
        (here, Some(here), here),
        ("http://localhost:8080/", Some(here), "http://localhost:8080"),
    ] {
        let configured: Vec<&str> = configured.into_iter().collect();
        assert_eq!(trusted(address, &configured, "the answer").expect(address), trusted_as);
    }
    for (address, configured) in [
        ("http://acme.my.salesforce.com", None),
        ("http://acme.my.salesforce.com", Some("https://acme.my.salesforce.com")),
        ("http://crm.example.com", Some("http://crm.example.com")),
        ("https://evil.example", None),
        ("https://evil.example", Some(own)),
        ("https://crm.example.com:8443", Some(own)),
        ("https://evilsalesforce.com", None),
        ("https://salesforce.com.evil.example", None),
        ("https://my.salesforce.com.", None),
        ("https://acme.my.salesforce.com:8443", None),
        ("https://acme.my.salesforce.com@evil.example", None),
        ("https://ada:hunter2@acme.my.salesforce.com", None),
        ("https://acme.my.salesforce.com/services", None),
        ("https://acme.my.salesforce.com?x=1", None),
        ("https://acme.my.salesforce.com#x", None),
        ("https://evil.example\\.my.salesforce.com", None),
        ("https://acme.my.sales\tforce.com", None),
        ("https://evil.example%2f.my.salesforce.com", None),
        ("ftp://acme.my.salesforce.com", None),
        ("//acme.my.salesforce.com", None),
        ("acme.my.salesforce.com", None),
        ("", None),
        ("http://127.0.0.1:8080", None),
        ("http://127.0.0.1:8081", Some(here)),
        ("http://127.0.0.1.evil.example:8080", Some(here)),
        ("http://10.0.0.1:8080", Some(here)),
        ("http://127.0.0.1:8080", Some(own)),
        ("http://[::2]:8080", Some(here)),
    ] {
        let configured: Vec<&str> = configured.into_iter().collect();
        let error = trusted(address, &configured, "the answer").expect_err(address);
        assert_eq!(error.exit().code(), 3, "{address}");
        let text = error.to_string();
        assert!(text.contains("no token is sent there") && !text.contains("hunter2"), "{text}");
    }
}
