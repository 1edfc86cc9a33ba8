//! SQL of products and their variants.

use super::error::StoreResult;
use super::tx::{ReadTx, Row, RowResult, WriteTx, params, params_from_iter};
use crate::domain::catalog::{
    Attributes, CategoryRef, Image, OptionChoice, OptionType, Product, Rating, Revision, Seo, Status, Stored, Variant,
};
use crate::domain::stock::StockPolicy;
use crate::domain::{CategoryId, Money, ProductId, Sku, Slug, Timestamp, VariantId};

/// A product as it is written: everything but its variants and what is summed up from them.
pub struct ProductRow<'a> {
    /// Its name in addresses.
    pub slug: &'a Slug,
    /// What it is called.
    pub name: &'a str,
    /// The name as lists are ordered by it.
    pub name_key: &'a str,
    /// Whether it is shown.
    pub status: Status,
    /// Where it stands.
    pub category_id: CategoryId,
    /// Who makes it.
    pub brand: Option<&'a str>,
    /// Free words.
    pub tags: &'a Stored<Vec<String>>,
    /// What a buyer chooses.
    pub options: &'a Stored<Vec<OptionType>>,
    /// Pictures.
    pub images: &'a Stored<Vec<Image>>,
    /// For search engines.
    pub seo: &'a Stored<Seo>,
    /// Typed properties.
    pub attributes: &'a Stored<Attributes>,
    /// What it is.
    pub description: &'a str,
    /// The lowest price of its variants.
    pub price: Money,
    /// The highest price of its variants.
    pub price_max: Money,
    /// Units of all variants that can be sold.
    pub stock: i64,
    /// Whether any variant can be bought.
    pub in_stock: bool,
    /// When it was first offered.
    pub created_at: Timestamp,
    /// When it is written.
    pub updated_at: Timestamp,
}

impl ProductRow<'_> {
    /// The product as it stands right after it was inserted.
    pub fn product(&self, id: ProductId, category: CategoryRef, variants: Vec<Variant>) -> Product {
        Product {
            id,
            slug: self.slug.clone(),
            name: self.name.to_owned(),
            description: self.description.to_owned(),
            status: self.status,
            category,
            brand: self.brand.map(str::to_owned),
            tags: self.tags.clone(),
            attributes: self.attributes.clone(),
            options: self.options.clone(),
            images: self.images.clone(),
            seo: self.seo.clone(),
            price: self.price,
            price_max: self.price_max,
            stock: self.stock,
            in_stock: self.in_stock,
            rating: Rating::default(),
            variants,
            created_at: self.created_at,
            updated_at: self.updated_at,
            revision: Revision::of(1),
        }
    }
}

/// A variant as it is written.
pub struct VariantRow<'a> {
    /// Place among the product's variants.
    pub position: i64,
    /// The shop's code.
    pub sku: Option<&'a Sku>,
    /// The option values joined.
    pub title: &'a str,
    /// The option values by name.
    pub options: &'a Stored<OptionChoice>,
    /// What it costs.
    pub price: Money,
    /// What it used to cost.
    pub compare_at_price: Option<Money>,
    /// Units that can be sold.
    pub stock: i64,
    /// Weight for shipping.
    pub weight_grams: Option<i64>,
    /// EAN and the like.
    pub barcode: Option<&'a str>,
    /// What happens when there is not enough.
    pub stock_policy: StockPolicy,
    /// At this many left the shop says that stock is low.
    pub low_stock_at: Option<i64>,
    /// What kind of goods it is to the tax office.
    pub tax_class: &'a str,
}

const PRODUCT: &str = "select p.id, p.slug, p.name, p.status, p.brand, p.price, p.price_max, p.stock, p.tags, \
     p.attributes, p.options, p.images, p.seo, p.created_at, p.updated_at, p.version, p.description, \
     c.id, c.slug, c.name, c.version, p.in_stock, p.rating_count, \
     p.rating from product p join category c on c.id = p.category_id";

const VARIANT: &str = "select id, product_id, sku, title, options, price, compare_at_price, stock, weight_grams, \
     barcode, stock_policy, low_stock_at, tax_class from variant";

fn product(row: &Row<'_>) -> RowResult<Product> {
    Ok(Product {
        id: row.get(0)?,
        slug: Slug::trusted(row.get(1)?),
        name: row.get(2)?,
        status: Status::from_code(row.get(3)?).unwrap_or(Status::Draft),
        brand: row.get(4)?,
        price: row.get(5)?,
        price_max: row.get(6)?,
        stock: row.get(7)?,
        tags: Stored::trusted(row.get(8)?),
        attributes: Stored::trusted(row.get(9)?),
        options: Stored::trusted(row.get(10)?),
        images: Stored::trusted(row.get(11)?),
        seo: Stored::trusted(row.get(12)?),
        created_at: row.get(13)?,
        updated_at: row.get(14)?,
        revision: Revision { own: row.get(15)?, category: row.get(20)? },
        description: row.get(16)?,
        category: CategoryRef { id: row.get(17)?, slug: Slug::trusted(row.get(18)?), name: row.get(19)? },
        in_stock: row.get(21)?,
        rating: Rating { count: row.get(22)?, average: row.get(23)? },
        variants: Vec::new(),
    })
}

fn variant(row: &Row<'_>) -> RowResult<Variant> {
    Ok(Variant {
        id: row.get(0)?,
        product_id: row.get(1)?,
        sku: row.get::<_, Option<String>>(2)?.map(Sku::trusted),
        title: row.get(3)?,
        options: Stored::trusted(row.get(4)?),
        price: row.get(5)?,
        compare_at_price: row.get(6)?,
        stock: row.get(7)?,
        weight_grams: row.get(8)?,
        barcode: row.get(9)?,
        stock_policy: StockPolicy::parse(row.get_ref(10)?.as_str()?).unwrap_or_default(),
        low_stock_at: row.get(11)?,
        tax_class: row.get(12)?,
    })
}

/// `?1, ?2, …` for a list of values.
pub(super) fn placeholders(count: usize) -> String {
    let mut text = String::with_capacity(count * 3);
    for n in 0..count {
        text.push_str(if n == 0 { "?" } else { ", ?" });
    }
    text
}

impl ReadTx<'_> {
    /// The products of these ids in the same order; ids of none are left out. Two statements, however many.
    pub fn products_by_ids(&self, ids: &[ProductId]) -> StoreResult<Vec<Product>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let marks = placeholders(ids.len());
        let mut products =
            self.query_all(&format!("{PRODUCT} where p.id in ({marks})"), params_from_iter(ids), product)?;
        let place = |id: ProductId| ids.iter().position(|wanted| *wanted == id).unwrap_or(usize::MAX);
        products.sort_by_cached_key(|p| place(p.id));
        let sql = format!("{VARIANT} where product_id in ({marks}) order by product_id, position");
        let variants = self.query_all(&sql, params_from_iter(ids), variant)?;
        for variant in variants {
            if let Some(product) = products.iter_mut().find(|p| p.id == variant.product_id) {
                product.variants.push(variant);
            }
        }
        Ok(products)
    }

    /// One product.
    pub fn product_by_id(&self, id: ProductId) -> StoreResult<Option<Product>> {
        Ok(self.products_by_ids(&[id])?.pop())
    }

    /// The product whose slug this is now.
    pub fn product_id_by_slug(&self, slug: &str) -> StoreResult<Option<ProductId>> {
        self.query_one("select id from product where slug = ?1", [slug], |row| row.get(0))
    }

    /// The product whose slug this was, and its slug now.
    pub fn product_moved(&self, slug: &str) -> StoreResult<Option<Slug>> {
        let sql = "select p.slug from slug_redirect r join product p on p.id = r.target_id \
                   where r.kind = 'product' and r.slug = ?1";
        self.query_one(sql, [slug], |row| row.get(0).map(Slug::trusted))
    }

    /// The product that has a variant of this SKU.
    pub fn product_id_by_sku(&self, sku: &Sku) -> StoreResult<Option<ProductId>> {
        self.query_one("select product_id from variant where sku = ?1", [sku.as_str()], |row| row.get(0))
    }

    /// The variant of this SKU, with its product.
    pub fn variant_by_sku(&self, sku: &Sku) -> StoreResult<Option<(ProductId, VariantId)>> {
        let sql = "select product_id, id from variant where sku = ?1";
        self.query_one(sql, [sku.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// The product a variant belongs to.
    pub fn product_id_by_variant(&self, id: VariantId) -> StoreResult<Option<ProductId>> {
        self.query_one("select product_id from variant where id = ?1", [id], |row| row.get(0))
    }

    /// Whether a slug is or was another product's.
    pub fn product_slug_taken(&self, slug: &Slug, except: Option<ProductId>) -> StoreResult<bool> {
        let sql = "select exists (select 1 from product where slug = ?1 and id <> ?2) \
                   or exists (select 1 from slug_redirect where kind = 'product' and slug = ?1 and target_id <> ?2)";
        Ok(self.query_number(sql, params![slug.as_str(), except.map_or(0, ProductId::get)])? != 0)
    }

    /// Ids of products behind `after` in order of id, for walking all of them in pieces.
    pub fn product_ids_after(&self, after: ProductId, most: usize) -> StoreResult<Vec<ProductId>> {
        let sql = "select id from product where id > ?1 order by id limit ?2";
        self.query_all(sql, params![after, most], |row| row.get(0))
    }

    /// How many products there are, whatever their status.
    pub fn product_count(&self) -> StoreResult<i64> {
        self.query_number("select count(*) from product", [])
    }
}

impl WriteTx<'_> {
    /// Inserts a product without its variants.
    pub fn product_insert(&self, row: &ProductRow<'_>) -> StoreResult<ProductId> {
        let id = self.product_insert_bare(row)?;
        self.terms_insert(id, row)?;
        Ok(id)
    }

    /// Runs a statement that takes an id and the whole row of a product, in this order.
    fn product_write(&self, sql: &str, id: Option<ProductId>, row: &ProductRow<'_>) -> StoreResult<usize> {
        self.execute(
            sql,
            params![
                id,
                row.slug.as_str(),
                row.name,
                row.name_key,
                row.status.code(),
                row.category_id,
                row.brand,
                row.price,
                row.price_max,
                row.stock,
                row.tags.json(),
                row.options.json(),
                row.images.json(),
                row.seo.json(),
                row.attributes.json(),
                row.description,
                row.created_at,
                row.updated_at,
                row.in_stock
            ],
        )
    }

    /// Inserts a product without its variants and without what filters look up; see `LateTerms`.
    pub fn product_insert_bare(&self, row: &ProductRow<'_>) -> StoreResult<ProductId> {
        let sql = "insert into product (id, slug, name, name_key, status, category_id, brand, price, price_max, stock, \
                   in_stock, tags, options, images, seo, attributes, description, created_at, updated_at) \
                   values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?19, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";
        self.product_write(sql, None, row)?;
        Ok(ProductId::new(self.last_id()))
    }

    /// Overwrites a product without its variants; `before` is what it was.
    pub fn product_update(&self, before: &Product, row: &ProductRow<'_>) -> StoreResult<()> {
        let sql = "update product set slug = ?2, name = ?3, name_key = ?4, status = ?5, category_id = ?6, brand = ?7, \
                   price = ?8, price_max = ?9, stock = ?10, in_stock = ?19, tags = ?11, options = ?12, images = ?13, \
                   seo = ?14, attributes = ?15, description = ?16, created_at = ?17, updated_at = ?18, \
                   version = version + 1 where id = ?1";
        self.product_write(sql, Some(before.id), row)?;
        if *row.slug != before.slug {
            self.slug_moved("product", before.slug.as_str(), row.slug.as_str(), before.id.get())?;
        }
        if *row.tags != before.tags || *row.attributes != before.attributes {
            self.terms_delete(before)?;
            self.terms_insert(before.id, row)?;
        }
        Ok(())
    }

    /// Removes a product with everything that belongs to it.
    pub fn product_delete(&self, before: &Product) -> StoreResult<()> {
        self.terms_delete(before)?;
        self.card_delete(before.id)?;
        self.execute("delete from variant where product_id = ?1", [before.id])?;
        self.execute("delete from slug_redirect where kind = 'product' and target_id = ?1", [before.id])?;
        self.execute("delete from product where id = ?1", [before.id])?;
        Ok(())
    }

    /// Adds a variant to a product.
    pub fn variant_insert(&self, product_id: ProductId, row: &VariantRow<'_>) -> StoreResult<VariantId> {
        let sql = "insert into variant (product_id, position, sku, title, options, price, compare_at_price, stock, \
                   opening_stock, on_hand, weight_grams, barcode, stock_policy, low_stock_at, tax_class) \
                   values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?8, ?9, ?10, ?11, ?12, ?13)";
        self.execute(
            sql,
            params![
                product_id,
                row.position,
                row.sku.map(Sku::as_str),
                row.title,
                row.options.json(),
                row.price,
                row.compare_at_price,
                row.stock,
                row.weight_grams,
                row.barcode,
                row.stock_policy.as_str(),
                row.low_stock_at,
                row.tax_class
            ],
        )?;
        Ok(VariantId::new(self.last_id()))
    }

    /// Overwrites a variant.
    pub fn variant_update(&self, id: VariantId, row: &VariantRow<'_>) -> StoreResult<()> {
        let sql = "update variant set position = ?2, sku = ?3, title = ?4, options = ?5, price = ?6, \
                   compare_at_price = ?7, stock = ?8, on_hand = iif(stock = ?8, on_hand, reserved + ?8), \
                   weight_grams = ?9, barcode = ?10, stock_policy = ?11, low_stock_at = ?12, \
                   tax_class = ?13 where id = ?1";
        self.execute(
            sql,
            params![
                id,
                row.position,
                row.sku.map(Sku::as_str),
                row.title,
                row.options.json(),
                row.price,
                row.compare_at_price,
                row.stock,
                row.weight_grams,
                row.barcode,
                row.stock_policy.as_str(),
                row.low_stock_at,
                row.tax_class
            ],
        )?;
        Ok(())
    }

    /// Frees the SKUs of a product's variants, so that a write may hand them round among these.
    pub fn variant_skus_release(&self, product_id: ProductId) -> StoreResult<()> {
        self.execute("update variant set sku = null where product_id = ?1", [product_id]).map(drop)
    }

    /// Removes a variant.
    pub fn variant_delete(&self, id: VariantId) -> StoreResult<()> {
        self.execute("delete from variant where id = ?1", [id]).map(drop)
    }

    /// Notes that a slug moved on, so that the old one can answer with the new.
    pub(super) fn slug_moved(&self, kind: &str, old: &str, new: &str, target: i64) -> StoreResult<()> {
        self.execute("delete from slug_redirect where kind = ?1 and slug = ?2", [kind, new])?;
        let sql = "insert into slug_redirect (kind, slug, target_id) values (?1, ?2, ?3) \
                   on conflict (kind, slug) do update set target_id = excluded.target_id";
        self.execute(sql, params![kind, old, target]).map(drop)
    }
}
