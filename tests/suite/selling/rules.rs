//! Tax rates and shipping zones by HTTP: what they take, whom they let in, and what a place is given.

use crate::support::{Requests, TestShop, category, product, variant};
use nexus::domain::pricing::{Place, ShippingRules};
use nexus::services::Error;
use serde_json::{Value, json};

const RATES: &str = "/api/v1/admin/tax-rates";
const ZONES: &str = "/api/v1/admin/shipping-zones";

fn zone(name: &str, areas: Value, rates: Value) -> Value {
    json!({ "name": name, "areas": areas, "rates": rates })
}

fn parcel() -> Value {
    json!({ "name": "Parcel", "kind": "flat", "price": "4.90", "free_from": "50.00" })
}

/// The ids and names of the ways to ship to a place; none when it is not shipped to.
fn ways(shop: &TestShop, country: &str, region: Option<&str>) -> Vec<String> {
    let place = Place::new(country, region);
    match shop.shop.store().read(|tx| Ok::<_, Error>(tx.shipping_rates_for(&place)?)).unwrap() {
        ShippingRules::BuiltIn => vec!["built in".to_owned()],
        ShippingRules::Rates(rates) => rates.into_iter().map(|rate| rate.draft.name).collect(),
    }
}

#[test]
fn tax_rate_is_added_read_replaced_changed_and_removed() {
    let shop = TestShop::new();
    let admin = shop.admin();
    let answer = admin.post(RATES, &json!({ "name": "VAT", "country": "de", "rate": 19.0 }));
    let made = answer.ok(201);
    let path = format!("{RATES}/{}", made["id"]);
    assert_eq!(answer.header("Location"), Some(path.as_str()));
    let told = (&made["country"], &made["region"], &made["tax_class"], &made["rate"]);
    assert_eq!(told, (&json!("DE"), &Value::Null, &json!("standard"), &json!("19")));
    assert_eq!(shop.staff().get(&path).ok(200), made);
    shop.staff().patch(&path, &json!({ "rate": "7" })).problem(403, "forbidden");

    let patched = admin.patch(&path, &json!({ "rate": "8.875", "region": "Bayern" })).ok(200);
    assert_eq!(
        (&patched["rate"], &patched["region"], &patched["name"]),
        (&json!("8.875"), &json!("Bayern"), &json!("VAT"))
    );
    assert_eq!(admin.patch(&path, &json!({ "region": null })).ok(200)["region"], Value::Null);
    let stale = admin.request(rocket::http::Method::Put, &path).header("If-Match", &answer.etag());
    stale.json(&json!({ "name": "VAT", "country": "AT", "rate": "20" })).send().problem(412, "stale");
    let replaced = admin.put(&path, &json!({ "name": "VAT", "country": "AT", "rate": "20" })).ok(200);
    assert_eq!((&replaced["country"], &replaced["rate"], &replaced["id"]), (&json!("AT"), &json!("20"), &made["id"]));
    assert_eq!(admin.results(RATES), [replaced]);
    let actions: Vec<Value> =
        admin.results("/api/v1/admin/audit?action=tax_rate.").iter().map(|entry| entry["action"].clone()).collect();
    assert_eq!(actions, ["tax_rate.update", "tax_rate.update", "tax_rate.update", "tax_rate.create"].map(Value::from));
    admin.delete(&path).empty(204);
    admin.get(&path).problem(404, "not-found");
}

#[test]
fn tax_rate_that_breaks_rules_has_every_wrong_field_named() {
    let shop = TestShop::new();
    let admin = shop.admin();
    for (field, value, code) in [
        ("name", json!(""), "too_short"),
        ("country", json!("XX"), "invalid"),
        ("country", json!(7), "invalid"),
        ("rate", json!("101"), "too_large"),
        ("rate", json!(100.0001), "too_large"),
        ("rate", json!("-1"), "negative"),
        ("rate", json!("8.87555"), "too_many_digits"),
        ("rate", json!("19%"), "not_a_number"),
        ("rate", json!(true), "not_a_number"),
        ("tax_class", json!("Books"), "invalid"),
        ("region", json!("a\nb"), "control_character"),
        ("id", json!(7), "unknown_field"),
    ] {
        let mut body = json!({ "name": "VAT", "country": "DE", "rate": "19" });
        body[field] = value.clone();
        assert_eq!(admin.post(RATES, &body).invalid(), [(field.to_owned(), code.to_owned())], "{field} {value}");
    }
    let anywhere = json!({ "name": "VAT", "country": "*", "region": "Bayern", "rate": "19" });
    admin.post(RATES, &anywhere).names_field("region", "not_allowed");
    let missing: Vec<String> = admin.post(RATES, &json!({})).invalid().into_iter().map(|(field, _)| field).collect();
    assert_eq!(missing, ["name", "country", "rate"]);
    assert!(admin.results(RATES).is_empty());
}

#[test]
fn tax_rate_of_the_same_name_place_and_class_is_409() {
    let shop = TestShop::new();
    let admin = shop.admin();
    let body = json!({ "name": "VAT", "country": "DE", "region": "Bayern", "rate": "19" });
    let made = admin.post(RATES, &body).ok(201);
    let mut twin = body.clone();
    twin["region"] = json!("BAYERN");
    admin.post(RATES, &twin).problem(409, "taken");
    twin["tax_class"] = json!("reduced");
    let other = admin.post(RATES, &twin).ok(201);
    admin.patch(&format!("{RATES}/{}", other["id"]), &json!({ "tax_class": null })).problem(409, "taken");
    admin.put(&format!("{RATES}/{}", made["id"]), &body).ok(200);
}

#[test]
fn place_has_the_rates_of_its_region_its_country_and_of_everywhere() {
    let shop = TestShop::new();
    for (name, country, region) in
        [("World", "*", ""), ("Canada", "CA", ""), ("Quebec", "CA", "QC"), ("Ontario", "CA", "ON"), ("US", "US", "")]
    {
        let body = json!({ "name": name, "country": country, "region": region, "rate": "5" });
        shop.admin().post(RATES, &body).ok(201);
    }
    let names = |country: &str, region| {
        let place = Place::new(country, region);
        let rates = shop.shop.store().read(|tx| Ok::<_, Error>(tx.tax_rates_for(&place)?)).unwrap();
        rates.into_iter().map(|rate| rate.draft.name).collect::<Vec<_>>()
    };
    assert_eq!(names("ca", Some("qc")), ["World", "Canada", "Quebec"]);
    assert_eq!(names("CA", None), ["World", "Canada"]);
    assert_eq!(names("DE", Some("QC")), ["World"]);
    assert_eq!(names("", None), ["World"]);
}

#[test]
fn lists_of_rules_are_paged_and_walk_an_index() {
    let shop = TestShop::new();
    let admin = shop.admin();
    for n in 0..5 {
        admin.post(RATES, &json!({ "name": format!("Tax {n}"), "country": "DE", "rate": "1" })).ok(201);
        admin
            .post(ZONES, &zone(&format!("Zone {n}"), json!([{ "country": "DE", "region": n.to_string() }]), json!([])))
            .ok(201);
        let code = format!("CODE-{n}");
        let body = json!({ "name": "D", "code": code, "kind": "free_shipping", "active": n % 2 == 0 });
        shop.staff().post("/api/v1/admin/discounts", &body).ok(201);
    }
    for list in [RATES, ZONES, "/api/v1/admin/discounts"] {
        let first = admin.get(&format!("{list}?page_size=2")).ok(200);
        let second = admin.get(first["next"].as_str().unwrap()).ok(200);
        let third = admin.get(second["next"].as_str().unwrap()).ok(200);
        let ids = |page: &Value| {
            page["results"].as_array().unwrap().iter().map(|r| r["id"].as_i64().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!([ids(&first), ids(&second), ids(&third)].concat(), [1, 2, 3, 4, 5], "{list}");
        assert!(third["next"].is_null());
        assert_eq!(admin.get(second["previous"].as_str().unwrap()).ok(200)["results"], first["results"]);
        admin.get(&format!("{list}?cursor=x")).problem(400, "bad-cursor");
        admin.get(&format!("{list}?nothing=1")).problem(400, "bad-request");
        admin.get(&format!("{list}?page_size=101")).problem(422, "validation");
    }
    let ids = |query: &str| -> Vec<Value> {
        shop.staff().results(&format!("/api/v1/admin/discounts?{query}")).iter().map(|d| d["id"].clone()).collect()
    };
    assert_eq!(ids("code=code-3"), [4]);
    assert_eq!(ids("active=false"), [2, 4]);
    assert_eq!(ids("active=true&code=CODE-3"), [0; 0]);
    let plans = shop.shop.store().read(|tx| {
        let mut plans = Vec::new();
        for backwards in [false, true] {
            plans.extend([tx.tax_rate_plan(backwards)?, tx.shipping_zone_plan(backwards)?]);
            for (code, active) in [(None, None), (Some("X"), None), (None, Some(false)), (Some("X"), Some(true))] {
                let filter = nexus::services::selling::DiscountFilter { code: code.map(str::to_owned), active };
                plans.push(tx.discount_plan(&filter, backwards)?);
            }
        }
        Ok::<_, Error>(plans)
    });
    for plan in plans.unwrap() {
        assert!(plan.len() == 1 && plan[0].starts_with("SEARCH"), "{plan:?}");
    }
}

#[test]
fn shipping_zone_keeps_the_rates_that_are_named() {
    let shop = TestShop::new();
    let admin = shop.admin();
    let freight = json!({
        "name": "Freight", "kind": "weight", "tax_class": "services",
        "steps": [{ "upto": 1000, "price": "9" }, { "price": "19.00" }],
    });
    let by_value = json!({ "name": "By value", "kind": "subtotal", "steps": [{ "upto": 50, "price": "3.00" }] });
    let pickup = json!({ "name": "Pickup", "kind": "pickup" });
    let body = zone(
        "Home",
        json!([{ "country": "de" }, { "country": "AT", "region": "Tirol" }]),
        json!([parcel(), freight, by_value, pickup]),
    );
    let answer = admin.post(ZONES, &body);
    let made = answer.ok(201);
    let path = format!("{ZONES}/{}", made["id"]);
    assert_eq!(answer.header("Location"), Some(path.as_str()));
    assert_eq!(made["areas"], json!([{ "country": "AT", "region": "Tirol" }, { "country": "DE", "region": null }]));
    let rates = made["rates"].as_array().unwrap();
    assert_eq!(
        (&rates[0]["price"], &rates[0]["free_from"], &rates[0]["steps"]),
        (&json!("4.90"), &json!("50.00"), &json!([]))
    );
    assert_eq!(
        (&rates[1]["price"], &rates[1]["steps"][0]["upto"], &rates[1]["steps"][1]["upto"]),
        (&Value::Null, &json!(1000), &Value::Null)
    );
    assert_eq!(
        (&rates[2]["steps"][0], &rates[3]["price"]),
        (&json!({ "upto": "50.00", "price": "3.00" }), &json!("0.00"))
    );
    assert_eq!(shop.staff().get(&path).ok(200), made);

    // A patch of the name keeps everything; a list replaces, and what it names keeps its id.
    let renamed = admin.patch(&path, &json!({ "name": "Near" })).ok(200);
    assert_eq!(
        (&renamed["rates"], &renamed["areas"], &renamed["name"]),
        (&made["rates"], &made["areas"], &json!("Near"))
    );
    let mut kept = parcel();
    kept["id"] = rates[0]["id"].clone();
    kept["price"] = json!("5.90");
    let fewer = admin.patch(&path, &json!({ "rates": [{ "name": "New", "kind": "pickup" }, kept] })).ok(200);
    let ids: Vec<&Value> = fewer["rates"].as_array().unwrap().iter().map(|rate| &rate["id"]).collect();
    assert_eq!(ids, [&json!(5), &json!(1)]);
    assert_eq!(fewer["rates"][1]["price"], "5.90");
    let strange = admin.patch(&path, &json!({ "rates": [{ "id": 3, "name": "Old", "kind": "pickup" }] }));
    assert_eq!(strange.invalid(), [("rates[0].id".to_owned(), "unknown".to_owned())]);
    let fresh = zone("Other", json!([{ "country": "FR" }]), json!([{ "id": 1, "name": "Stolen", "kind": "pickup" }]));
    admin.post(ZONES, &fresh).names_field("rates[0].id", "unknown");
    assert_eq!(admin.get(&path).ok(200), fewer);
    admin.delete(&path).empty(204);
    assert!(admin.results(ZONES).is_empty());
}

#[test]
fn place_belongs_to_one_zone_and_the_most_exact_one_counts() {
    let shop = TestShop::new();
    let admin = shop.admin();
    assert_eq!(ways(&shop, "DE", None), ["built in"]);
    let named = |name: &str| json!([{ "name": name, "kind": "pickup" }]);
    let home = admin.post(ZONES, &zone("Home", json!([{ "country": "DE" }]), named("home"))).ok(201);
    assert!(ways(&shop, "FR", None).is_empty(), "from the first zone on, only what is named is shipped to");
    admin.post(ZONES, &zone("Islands", json!([{ "country": "DE", "region": "Sylt" }]), named("island"))).ok(201);
    admin.post(ZONES, &zone("World", json!([{ "country": "*" }]), named("world"))).ok(201);
    for (country, region, way) in [
        ("de", None, "home"),
        ("DE", Some("Bayern"), "home"),
        ("DE", Some(" SYLT "), "island"),
        ("FR", Some("Sylt"), "world"),
        ("", None, "world"),
    ] {
        assert_eq!(ways(&shop, country, region), [way], "{country} {region:?}");
    }
    for areas in [json!([{ "country": "DE", "region": "sylt" }]), json!([{ "country": "*" }])] {
        admin.post(ZONES, &zone("More", areas, json!([]))).problem(409, "taken");
    }
    admin.post(ZONES, &zone("Home", json!([{ "country": "CH" }]), json!([]))).problem(409, "taken");
    admin.put(&format!("{ZONES}/{}", home["id"]), &zone("Home", json!([{ "country": "DE" }]), named("new"))).ok(200);
    assert_eq!(ways(&shop, "DE", None), ["new"]);
}

#[test]
fn shipping_zone_that_breaks_rules_has_every_wrong_field_named() {
    let shop = TestShop::new();
    let admin = shop.admin();
    let home = || json!([{ "country": "DE" }]);
    for (body, field, code) in [
        (zone("", home(), json!([])), "name", "too_short"),
        (zone("A", json!([]), json!([])), "areas", "too_few"),
        (zone("A", json!([{ "country": "XX" }]), json!([])), "areas[0].country", "invalid"),
        (zone("A", json!([{ "country": "*", "region": "x" }]), json!([])), "areas[0].region", "not_allowed"),
        (
            zone("A", json!([{ "country": "DE" }, { "country": "de", "region": "" }]), json!([])),
            "areas[1]",
            "duplicate",
        ),
        (
            zone("A", home(), json!([{ "name": "P", "kind": "flat", "price": "4.999" }])),
            "rates[0].price",
            "too_many_digits",
        ),
        (zone("A", home(), json!([{ "name": "P", "kind": "flat", "price": -1 }])), "rates[0].price", "negative"),
        (zone("A", home(), json!([{ "name": "P", "kind": "air" }])), "rates[0].kind", "invalid"),
        (zone("A", home(), json!({})), "rates", "not_a_list"),
    ] {
        assert_eq!(admin.post(ZONES, &body).invalid(), [(field.to_owned(), code.to_owned())], "{body}");
    }
    assert_eq!(admin.post(ZONES, &json!({})).invalid().len(), 3);
    assert_eq!(ways(&shop, "DE", None), ["built in"]);
}

#[test]
fn shop_prices_and_exempts_as_it_is_set_up() {
    let shop = TestShop::with(|config| {
        config.selling.country = "DE".to_owned();
        config.selling.exempt_vat_numbers = true;
        config.selling.prices_include_tax = true;
    });
    let inner = &shop.shop;
    assert!(inner.price_settings().tax_included);
    assert_eq!(inner.tax_place(None), Place::new("DE", None));
    assert_eq!(inner.tax_place(Some(("fr", Some("Corse")))), Place::new("FR", Some("Corse")));
    assert!(inner.tax_exempt("FR", Some("FR12345678901")));
    assert!(!inner.tax_exempt("FR", None) && !inner.tax_exempt("FR", Some(" ")), "no number");
    assert!(!inner.tax_exempt("FR", Some("aaaa")) && !inner.tax_exempt("FR", Some("DE123456789")), "none of France");
    assert!(!inner.tax_exempt("DE", Some("DE123456789")), "at home");
    let nowhere = TestShop::with(|config| config.selling.exempt_vat_numbers = true);
    assert!(!nowhere.shop.tax_exempt("FR", Some("FR12345678901")), "the buyer may be at home");
    assert!(!TestShop::new().shop.tax_exempt("FR", Some("FR12345678901")), "not unless the shop says so");
}

#[test]
fn variant_has_a_tax_class_that_is_standard_unless_said() {
    let shop = TestShop::new();
    category("Kitchen").create(&shop);
    let mug = product("Mug").create(&shop);
    assert_eq!(mug["variants"][0]["tax_class"], "standard");
    let path = format!("/api/v1/variants/{}", mug["variants"][0]["id"]);
    let patched = shop.staff().patch(&path, &json!({ "tax_class": "reduced" })).ok(200);
    assert_eq!(patched["tax_class"], "reduced");
    assert_eq!(shop.staff().patch(&path, &json!({ "price": "11" })).ok(200)["tax_class"], "reduced");
    shop.staff().patch(&path, &json!({ "tax_class": "No Class" })).names_field("tax_class", "invalid");
    assert_eq!(shop.staff().patch(&path, &json!({ "tax_class": null })).ok(200)["tax_class"], "standard");
    let book = product("Book").with("tax_class", "books").create(&shop);
    assert_eq!(book["variants"][0]["tax_class"], "books");
    let tee = product("Tee").option("Size", &["S"]).variant(variant("9").choose("Size", "S").with("tax_class", "wear"));
    assert_eq!(tee.create(&shop)["variants"][0]["tax_class"], "wear");
}
