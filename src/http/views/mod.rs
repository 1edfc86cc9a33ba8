//! The shapes of answers, and what the API description says of request bodies.

mod account_bodies;
mod api_key;
mod audit;
mod backup;
mod bodies;
mod cart;
mod cart_bodies;
mod category;
mod checkout_bodies;
mod discount;
mod invoice;
mod order;
mod order_bodies;
mod order_parts;
mod payment;
mod product;
mod report;
mod review;
mod rule_bodies;
mod shipping_zone;
mod status;
mod stock;
mod tax_rate;
mod user;
mod webhook;
mod webhook_bodies;

pub use account_bodies::{
    AddressBody, AddressPatch, AddressedBody, ApiKeyBody, LoginBody, LogoutBody, MePatch, PasswordBody, RefreshBody,
    RegisterBody, ResetBody, SetupBody, UserBody, UserPatch, VerifyBody,
};
pub use api_key::{ApiKeyList, ApiKeyView, NewApiKeyView, Scope};
pub use audit::AuditList;
pub use backup::{BackupList, BackupView};
pub use bodies::{
    BatchBodyShape, CategoryBody, CategoryPatch, ProductBody, ProductPatch, VariantBody, VariantPatchBody,
};
pub use cart::{CartShape, CartView, ShippingOptionList};
pub use cart_bodies::{CartBody, CartLineBody, CartLinePatch, DiscountCodeBody, ShippingOptionBody};
pub use category::{CategoryList, CategoryView};
pub use checkout_bodies::CheckoutBody;
pub use discount::{DiscountList, DiscountView};
pub use invoice::InvoiceList;
pub use order::{OrderList, OrderView, Reader};
pub use order_bodies::{
    CancelBody, FulfillmentBody, NoteBody, OrderPatchBody, PaymentReceivedBody, RefundBody, ResolveBody, ReturnBody,
    StaffOrderBody,
};
pub use payment::{PaymentList, PaymentRowView};
pub use product::{BatchOutcome, FacetsView, ListEnd, ProductList, ProductView, VariantList, VariantView, card_maker};
pub use report::SalesReport;
pub use review::{ReviewBody, ReviewList, ReviewModeration, ReviewPatch, ReviewView, StockRequestBody, Wishlist};
pub use rule_bodies::{DiscountBody, DiscountPatch, ShippingZoneBody, ShippingZonePatch, TaxRateBody, TaxRatePatch};
pub use shipping_zone::{ShippingZoneList, ShippingZoneView};
pub use status::{CheckView, NewestBackupView, StatusView};
pub use stock::{MovementList, StockChangeBody, StockList, StockMovedView};
pub use tax_rate::{TaxRateList, TaxRateView};
pub use user::{AddressList, AddressView, LoginView, MeExport, SessionList, UserList, UserView};
pub use webhook::{DeliveryList, DeliveryView, EventType, NewWebhookView, ReplayView, WebhookList, WebhookView};
pub use webhook_bodies::{ReplayBody, RotateBody, WebhookBody, WebhookPatch};

use crate::domain::catalog::Revision;
use crate::domain::{Currency, Money, Timestamp};
use schemars::JsonSchema;
use schemars::r#gen::SchemaGenerator;
use schemars::schema::{InstanceType, Schema, SchemaObject, StringValidation};
use serde::{Serialize, Serializer};

/// The schema of a text that is one of these.
fn one_of(values: impl IntoIterator<Item = &'static str>) -> Schema {
    SchemaObject {
        instance_type: Some(InstanceType::String.into()),
        enum_values: Some(values.into_iter().map(Into::into).collect()),
        ..SchemaObject::default()
    }
    .into()
}

/// Money as it is sent: a decimal string with the currency's digits.
#[derive(Clone, Copy)]
pub struct Amount(pub Money, pub Currency);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.1.format(self.0))
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> String {
        "Amount".to_owned()
    }

    fn is_referenceable() -> bool {
        false
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let text = StringValidation { pattern: Some(r"^[0-9]+(\.[0-9]+)?$".to_owned()), ..StringValidation::default() };
        SchemaObject {
            instance_type: Some(InstanceType::String.into()),
            string: Some(Box::new(text)),
            ..SchemaObject::default()
        }
        .into()
    }
}

/// Money that may be below zero.
#[derive(Clone, Copy)]
pub struct SignedAmount(pub Money, pub Currency);

impl Serialize for SignedAmount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.1.format(self.0))
    }
}

impl JsonSchema for SignedAmount {
    fn schema_name() -> String {
        "SignedAmount".to_owned()
    }

    fn is_referenceable() -> bool {
        false
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let pattern = Some(r"^-?[0-9]+(\.[0-9]+)?$".to_owned());
        let text = StringValidation { pattern, ..StringValidation::default() };
        SchemaObject {
            instance_type: Some(InstanceType::String.into()),
            string: Some(Box::new(text)),
            ..SchemaObject::default()
        }
        .into()
    }
}

/// A moment as it is sent: RFC 3339 UTC with milliseconds.
#[derive(Clone, Copy)]
pub struct Moment(pub Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_rfc3339())
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> String {
        "Moment".to_owned()
    }

    fn is_referenceable() -> bool {
        false
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        SchemaObject {
            instance_type: Some(InstanceType::String.into()),
            format: Some("date-time".to_owned()),
            ..SchemaObject::default()
        }
        .into()
    }
}

/// The tag of a resource by its revision; the version of the program is part of it, since another version may show
/// the same state otherwise.
pub fn revision_tag(revision: Revision, shape: &str) -> String {
    format!("{revision}-{}{shape}", env!("CARGO_PKG_VERSION"))
}

/// The revision in a tag made by [`revision_tag`].
pub fn revision_of_tag(tag: &str) -> Option<Revision> {
    let (own, category) = tag.split('-').next()?.split_once('.')?;
    Some(Revision { own: own.parse().ok()?, category: category.parse().ok()? })
}
