-- Catalog, people who may write, and imports.
-- Times are UTC milliseconds, money is minor units of the shop's currency, lists and maps are JSON text.

-- Written to find out whether the disk takes writes again.
create table store_probe (
  id integer primary key check (id = 1),
  probed_at integer not null,
  filler blob
) strict;

create table setting (
  name text primary key,
  value text not null
) strict, without rowid;

create table category (
  id integer primary key autoincrement,
  parent_id integer references category (id),
  slug text not null unique,
  name text not null,
  position integer not null default 0,
  seo text not null default '{}',
  version integer not null default 1,
  created_at integer not null,
  updated_at integer not null,
  description text not null default '',
  check (parent_id <> id)
) strict;

create index category_parent on category (parent_id, position, name);

-- price, price_max, stock and in_stock sum up the variants, so that lists can be filtered and ordered by them.
create table product (
  id integer primary key autoincrement,
  slug text not null unique,
  name text not null,
  name_key text not null,
  status integer not null check (status in (0, 1, 2)),
  category_id integer not null references category (id),
  brand text collate nocase,
  price integer not null check (price >= 0),
  price_max integer not null check (price_max >= price),
  stock integer not null check (stock >= 0),
  in_stock integer not null check (in_stock in (0, 1)),
  version integer not null default 1,
  created_at integer not null,
  updated_at integer not null,
  tags text not null default '[]',
  options text not null default '[]',
  images text not null default '[]',
  seo text not null default '{}',
  attributes text not null default '{}',
  description text not null default ''
) strict;

create table variant (
  id integer primary key autoincrement,
  product_id integer not null references product (id),
  position integer not null,
  sku text unique,
  title text not null,
  options text not null default '{}',
  price integer not null check (price >= 0),
  compare_at_price integer check (compare_at_price >= 0),
  stock integer not null check (stock >= 0),
  weight_grams integer check (weight_grams >= 0),
  barcode text
) strict;

create index variant_product on variant (product_id, position);

-- Each product as the public sees it, encoded when it is written; layout tells in which form.
create table product_card (
  product_id integer primary key references product (id),
  layout integer not null,
  json text not null
) strict;

-- What filters look up; the lists themselves stand in the product's row.
create table product_tag (
  tag text not null collate nocase,
  product_id integer not null references product (id),
  primary key (tag, product_id)
) strict, without rowid;

create table product_attribute (
  name text not null collate nocase,
  value text not null collate nocase,
  product_id integer not null references product (id),
  primary key (name, value, product_id)
) strict, without rowid;

-- One index for each way to walk a list in order; each ends in the row's id, which breaks ties.
create index product_by_created on product (status, created_at);
create index product_by_updated on product (status, updated_at);
create index product_by_price on product (status, price);
create index product_by_name on product (status, name_key);
create index product_category_created on product (category_id, status, created_at);
create index product_category_updated on product (category_id, status, updated_at);
create index product_category_price on product (category_id, status, price);
create index product_category_name on product (category_id, status, name_key);
create index product_brand_created on product (brand, status, created_at);
create index product_brand_price on product (brand, status, price);

-- Former slugs answer with where the thing is now.
create table slug_redirect (
  kind text not null check (kind in ('product', 'category')),
  slug text not null,
  target_id integer not null,
  primary key (kind, slug)
) strict, without rowid;

create index slug_redirect_target on slug_redirect (kind, target_id);

create table account (
  id integer primary key autoincrement,
  email text not null,
  email_key text not null unique,
  name text not null default '',
  role text not null check (role in ('customer', 'staff', 'admin')),
  password_hash text not null,
  stamp text not null,
  active integer not null default 1 check (active in (0, 1)),
  created_at integer not null,
  updated_at integer not null
) strict;

create table import_run (
  id integer primary key autoincrement,
  file text not null,
  format text not null,
  actor text not null,
  started_at integer not null,
  created integer not null default 0,
  updated integer not null default 0,
  unchanged integer not null default 0,
  skipped integer not null default 0,
  undone_at integer
) strict;

-- What an import touched: before is null for a product it created, else what the product was.
create table import_change (
  import_id integer not null references import_run (id),
  product_id integer not null,
  version integer not null,
  before text,
  primary key (import_id, product_id)
) strict, without rowid;

-- The words of each product (see src/store/search.rs).
create virtual table search_index using fts5(
  words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
create table search_weight (product_id integer primary key, weights blob not null) strict;
create virtual table search_term using fts5vocab(search_index, 'instance');
