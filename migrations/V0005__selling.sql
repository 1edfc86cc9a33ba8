-- Selling: stock and its ledger, rules (tax, shipping, discounts), carts, orders, payments.
-- Amounts are minor units of the shop's currency, rates are parts per million, times are UTC milliseconds.

-- Stock. on_hand lies on the shelf, reserved is promised to orders that are not paid, and stock (of the first schema) is
-- what can still be sold: max(on_hand - reserved, 0). Only a variant that may be sold beyond its stock can have a negative
-- on_hand; an untracked one keeps no numbers. on_hand = opening_stock + the sum of its movements.
alter table variant add column stock_policy text not null default 'deny'
  check (stock_policy in ('deny', 'backorder', 'untracked'));
alter table variant add column opening_stock integer not null default 0;
alter table variant add column on_hand integer not null default 0 check (on_hand >= 0 or stock_policy <> 'deny');
alter table variant add column reserved integer not null default 0
  check (reserved >= 0 and (reserved <= on_hand or stock_policy <> 'deny'));
alter table variant add column low_stock_at integer check (low_stock_at >= 0);
alter table variant add column tax_class text not null default 'standard';
update variant set opening_stock = stock, on_hand = stock;

-- The ledger: rows are only ever added. It outlives its variant. reason is a word, note is free.
create table stock_movement (
  id integer primary key autoincrement,
  variant_id integer not null,
  kind text not null check (kind in ('received', 'counted', 'sold', 'returned', 'reserved', 'released', 'corrected')),
  on_hand integer not null,
  reserved integer not null,
  reason text,
  note text,
  actor text not null,
  order_id integer references shop_order (id),
  created_at integer not null,
  check (on_hand <> 0 or reserved <> 0)
) strict;

create index stock_movement_variant on stock_movement (variant_id, id);
create index stock_movement_order on stock_movement (order_id) where order_id is not null;

-- Units promised to an order that is not paid. One without an end waits for staff.
create table reservation (
  order_id integer not null references shop_order (id),
  variant_id integer not null references variant (id),
  quantity integer not null check (quantity > 0),
  expires_at integer,
  primary key (order_id, variant_id)
) strict, without rowid;

create index reservation_variant on reservation (variant_id);
create index reservation_expires on reservation (expires_at) where expires_at is not null;

-- Rules. region and country are '' and '*' where they do not matter. Rates that match the same place add up.
create table tax_rate (
  id integer primary key autoincrement,
  name text not null,
  country text not null check (country = '*' or length(country) = 2),
  region text not null default '' collate nocase,
  tax_class text not null default 'standard',
  rate_ppm integer not null check (rate_ppm between 0 and 1000000),
  version integer not null default 1,
  created_at integer not null,
  updated_at integer not null,
  unique (country, region, tax_class, name)
) strict;

create table shipping_zone (
  id integer primary key autoincrement,
  name text not null unique,
  version integer not null default 1,
  created_at integer not null,
  updated_at integer not null
) strict;

-- A place belongs to one zone; the most exact one counts: region, then country, then '*'.
create table shipping_area (
  country text not null check (country = '*' or length(country) = 2),
  region text not null default '' collate nocase,
  zone_id integer not null references shipping_zone (id) on delete cascade,
  primary key (country, region)
) strict, without rowid;

create index shipping_area_zone on shipping_area (zone_id);

-- steps is a JSON list of {"upto": grams or minor units, "price": minor units}; the last may have no upto.
create table shipping_rate (
  id integer primary key autoincrement,
  zone_id integer not null references shipping_zone (id) on delete cascade,
  position integer not null,
  name text not null,
  kind text not null check (kind in ('flat', 'weight', 'subtotal', 'pickup')),
  price integer not null check (price >= 0),
  steps text not null default '[]',
  free_from integer check (free_from >= 0),
  tax_class text not null default 'standard'
) strict;

create index shipping_rate_zone on shipping_rate (zone_id, position);

-- percent: rate_ppm of what is in scope; fixed: amount off what is in scope; free_shipping; buy_x_get_y: of each buy + get units in scope,
-- the get cheapest cost rate_ppm less. Without code it applies by itself. products, categories and tags are JSON lists; empty ones do not limit.
create table discount (
  id integer primary key autoincrement,
  name text not null,
  code text unique collate nocase,
  kind text not null check (kind in ('percent', 'fixed', 'free_shipping', 'buy_x_get_y')),
  rate_ppm integer not null default 0 check (rate_ppm between 0 and 1000000),
  amount integer not null default 0 check (amount >= 0),
  buy integer not null default 0 check (buy >= 0),
  get integer not null default 0 check (get >= 0),
  products text not null default '[]',
  categories text not null default '[]',
  tags text not null default '[]',
  min_subtotal integer check (min_subtotal >= 0),
  min_quantity integer check (min_quantity >= 1),
  starts_at integer,
  ends_at integer,
  usage_limit integer check (usage_limit >= 1),
  per_customer_limit integer check (per_customer_limit >= 1),
  uses integer not null default 0 check (uses >= 0 and (usage_limit is null or uses <= usage_limit)),
  combinable integer not null default 0 check (combinable in (0, 1)),
  priority integer not null default 0,
  active integer not null default 1 check (active in (0, 1)),
  version integer not null default 1,
  created_at integer not null,
  updated_at integer not null
) strict;

create index discount_automatic on discount (priority, id) where code is null and active = 1;

-- customer is the folded e-mail address. A use of an order that was cancelled before it was paid is taken back: the row goes.
create table discount_use (
  discount_id integer not null references discount (id),
  order_id integer not null references shop_order (id),
  customer text not null,
  amount integer not null check (amount >= 0),
  primary key (discount_id, order_id)
) strict, without rowid;

create index discount_use_customer on discount_use (discount_id, customer);
create index discount_use_order on discount_use (order_id);

-- Carts.
create table cart (
  id integer primary key autoincrement,
  token text not null unique,
  account_id integer references account (id),
  state text not null default 'open' check (state in ('open', 'ordered')),
  discount_code text,
  email text,
  shipping_address text,
  shipping_option text,
  order_id integer references shop_order (id),
  version integer not null default 1,
  expires_at integer not null,
  created_at integer not null,
  updated_at integer not null,
  check ((state = 'ordered') = (order_id is not null))
) strict;

create unique index cart_account on cart (account_id) where account_id is not null and state = 'open';
create index cart_expires on cart (expires_at);
create index cart_order on cart (order_id) where order_id is not null;

-- seen_*: what the buyer was last told, to say what has changed since. A line whose variant is gone stays until it is removed.
create table cart_line (
  id integer primary key autoincrement,
  cart_id integer not null references cart (id) on delete cascade,
  variant_id integer not null,
  quantity integer not null check (quantity between 1 and 999),
  seen_price integer not null,
  seen_available integer not null,
  name text not null,
  sku text,
  unique (cart_id, variant_id)
) strict;

-- Orders. number is drawn from a series without gaps when the order is placed; a draft of the staff has none yet, and its placed_at is
-- when it was begun.
create table shop_order (
  id integer primary key autoincrement,
  number integer unique,
  token text not null unique,
  account_id integer references account (id),
  email text not null,
  email_key text not null,
  source text not null check (source in ('web', 'staff', 'import')),
  status text not null check (status in
    ('draft', 'pending', 'paid', 'fulfilled', 'completed', 'cancelled', 'partially_refunded', 'refunded')),
  fulfillment_status text not null default 'unfulfilled'
    check (fulfillment_status in ('unfulfilled', 'partially_fulfilled', 'fulfilled')),
  currency text not null check (length(currency) = 3),
  tax_included integer not null check (tax_included in (0, 1)),
  subtotal integer not null check (subtotal >= 0),
  discount_total integer not null check (discount_total >= 0),
  shipping_total integer not null check (shipping_total >= 0),
  tax_total integer not null check (tax_total >= 0),
  total integer not null check (total >= 0),
  shipping_option text,
  shipping_name text,
  shipping_address text,
  billing_address text,
  discount_code text,
  explanation text not null default '[]',
  note text,
  client text,
  version integer not null default 1,
  placed_at integer not null,
  paid_at integer,
  cancelled_at integer,
  created_at integer not null,
  updated_at integer not null,
  check ((number is null) = (status = 'draft')),
  check (total = subtotal - discount_total + shipping_total + case tax_included when 1 then 0 else tax_total end)
) strict;

-- Each ends in the id, which the engine adds: lists are by the time of placing, then by id.
create index shop_order_status on shop_order (status, placed_at);
create index shop_order_account on shop_order (account_id, placed_at) where account_id is not null;
create index shop_order_email on shop_order (email_key, placed_at);
create index shop_order_placed on shop_order (placed_at);
create index shop_order_client on shop_order (client) where status = 'pending';

-- A snapshot: what the product is called and costs later changes nothing here. withdrawn counts units that were refunded before they
-- were sent, and so never are; returned counts units that were sent and came back.
create table order_line (
  id integer primary key autoincrement,
  order_id integer not null references shop_order (id),
  position integer not null,
  product_id integer references product (id),
  variant_id integer references variant (id),
  sku text,
  name text not null,
  title text not null default '',
  quantity integer not null check (quantity > 0),
  unit_price integer not null check (unit_price >= 0),
  discount integer not null check (discount >= 0),
  tax integer not null check (tax >= 0),
  total integer not null check (total >= 0),
  taxes text not null default '[]',
  weight_grams integer,
  fulfilled integer not null default 0 check (fulfilled between 0 and quantity),
  refunded integer not null default 0 check (refunded between 0 and quantity),
  returned integer not null default 0 check (returned between 0 and fulfilled),
  withdrawn integer not null default 0 check (withdrawn between 0 and refunded and fulfilled + withdrawn <= quantity)
) strict;

create index order_line_order on order_line (order_id, position);
create index order_line_product on order_line (product_id) where product_id is not null;
create index order_line_variant on order_line (variant_id) where variant_id is not null;

-- The words the staff find an order by, in lower case: number, e-mail address, names, SKUs.
create table order_term (
  term text not null,
  order_id integer not null references shop_order (id) on delete cascade,
  primary key (term, order_id)
) strict, without rowid;

create index order_term_order on order_term (order_id);

create table fulfillment (
  id integer primary key autoincrement,
  order_id integer not null references shop_order (id),
  carrier text,
  tracking_number text,
  actor text not null,
  created_at integer not null
) strict;

create index fulfillment_order on fulfillment (order_id);

create table fulfillment_line (
  fulfillment_id integer not null references fulfillment (id),
  order_line_id integer not null references order_line (id),
  quantity integer not null check (quantity > 0),
  primary key (fulfillment_id, order_line_id)
) strict, without rowid;

-- What happened to an order, for people; detail is a JSON object.
create table order_event (
  id integer primary key autoincrement,
  order_id integer not null references shop_order (id),
  kind text not null,
  detail text not null default '{}',
  visible integer not null default 0 check (visible in (0, 1)),
  actor text not null,
  created_at integer not null
) strict;

create index order_event_order on order_event (order_id, id);

-- Payments. reference is the provider's own id; captured and refunded can never pass what they must not.
create table payment (
  id integer primary key autoincrement,
  order_id integer not null references shop_order (id),
  provider text not null,
  reference text,
  status text not null check (status in ('pending', 'authorized', 'captured', 'failed', 'cancelled')),
  amount integer not null check (amount >= 0),
  currency text not null check (length(currency) = 3),
  captured integer not null default 0 check (captured between 0 and amount),
  refunded integer not null default 0 check (refunded between 0 and captured),
  client_secret text,
  redirect_url text,
  details text not null default '{}',
  flag text,
  check_at integer,
  version integer not null default 1,
  created_at integer not null,
  updated_at integer not null,
  unique (provider, reference)
) strict;

create index payment_order on payment (order_id);
create index payment_check on payment (check_at) where check_at is not null;
create index payment_flag on payment (id) where flag is not null;

-- refunded of the payment and of the lines counts a refund from when it is asked for; one that fails gives them back.
create table refund (
  id integer primary key autoincrement,
  order_id integer not null references shop_order (id),
  payment_id integer not null references payment (id),
  amount integer not null check (amount > 0),
  status text not null check (status in ('pending', 'succeeded', 'failed')),
  reference text,
  reason text,
  restock integer not null default 0 check (restock in (0, 1)),
  actor text not null,
  created_at integer not null,
  updated_at integer not null
) strict;

create index refund_order on refund (order_id);
create index refund_payment on refund (payment_id);
create index refund_pending on refund (id) where status = 'pending';

create table refund_line (
  refund_id integer not null references refund (id),
  order_line_id integer not null references order_line (id),
  quantity integer not null check (quantity > 0),
  withdrawn integer not null default 0 check (withdrawn between 0 and quantity),
  primary key (refund_id, order_line_id)
) strict, without rowid;

-- Every word of a provider is taken once.
create table payment_event (
  provider text not null,
  event_id text not null,
  kind text not null,
  received_at integer not null,
  primary key (provider, event_id)
) strict, without rowid;

-- The books: the amounts of one posting sum to zero.
create table ledger_entry (
  id integer primary key autoincrement,
  order_id integer not null references shop_order (id),
  posting text not null,
  account text not null check (account in ('receivable', 'sales', 'discounts', 'shipping', 'tax', 'money', 'refunds')),
  amount integer not null check (amount <> 0),
  currency text not null check (length(currency) = 3),
  created_at integer not null
) strict;

create index ledger_entry_order on ledger_entry (order_id);

create table number_series (
  name text primary key,
  last integer not null check (last >= 0)
) strict, without rowid;

-- scope says whose key it is; status and answer are null while the first request runs. subject_id is what it has begun, an order or
-- a refund, so that a request that was cut off can go on.
create table idempotency (
  scope text not null,
  key text not null,
  request blob not null,
  status integer,
  answer blob,
  location text,
  subject_id integer,
  created_at integer not null,
  primary key (scope, key),
  check ((status is null) = (answer is null))
) strict, without rowid;

create index idempotency_created on idempotency (created_at);
