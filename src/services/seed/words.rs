//! The words that made-up products are put together from. All of them are our own; brands are coined from
//! syllables and belong to nobody.

/// A kind of product: where it stands, what it is called, what it costs.
pub struct Kind {
    /// Its category, from the root down.
    pub path: &'static str,
    /// What such things are called.
    pub nouns: &'static [&'static str],
    /// What they are made of.
    pub materials: &'static [&'static str],
    /// The middle of their prices in hundredths.
    pub price: u64,
    /// The middle of their weights in grams.
    pub grams: u64,
    /// Sizes to choose from, if any.
    pub sizes: &'static [&'static str],
}

const CLOTH: &[&str] = &["cotton", "linen", "wool", "fleece", "merino", "hemp", "jersey", "flannel"];
const WOOD: &[&str] = &["oak", "ash", "walnut", "birch", "beech", "pine", "bamboo", "cherry"];
const METAL: &[&str] = &["steel", "brass", "copper", "aluminium", "iron", "titanium"];
const CLAY: &[&str] = &["stoneware", "porcelain", "earthenware", "glass", "enamel"];
const PLASTIC: &[&str] = &["nylon", "polymer", "silicone", "rubber", "recycled plastic"];
const PAPER: &[&str] = &["paper", "cardboard", "kraft", "cloth-bound", "leather"];
const TASTE: &[&str] = &["smoked", "roasted", "wild", "mountain", "dark", "sweet", "salted", "dried"];
const LETTERS: &[&str] = &["XS", "S", "M", "L", "XL"];
const SHOES: &[&str] = &["37", "38", "39", "40", "41", "42", "43", "44"];
const LENGTHS: &[&str] = &["0.5 m", "1 m", "2 m", "3 m"];
const PACKS: &[&str] = &["250 g", "500 g", "1 kg"];
const NONE: &[&str] = &[];

impl Kind {
    /// Whether it comes in colours, as food does not.
    pub fn has_colours(&self) -> bool {
        !self.path.starts_with("Pantry") && !self.path.starts_with("Beauty > Soap")
    }
}

const fn kind(
    path: &'static str,
    nouns: &'static [&'static str],
    materials: &'static [&'static str],
    price: u64,
    grams: u64,
    sizes: &'static [&'static str],
) -> Kind {
    Kind { path, nouns, materials, price, grams, sizes }
}

/// Every kind; earlier ones are more frequent.
pub const KINDS: [Kind; 48] = [
    kind("Clothing > Tops > T-Shirts", &["T-Shirt", "Pocket Tee", "Long-Sleeve Tee"], CLOTH, 2_490, 180, LETTERS),
    kind(
        "Electronics > Cables",
        &["USB-C Cable", "Network Cable", "Charging Cable", "Audio Cable"],
        PLASTIC,
        1_290,
        60,
        LENGTHS,
    ),
    kind("Kitchen > Cookware > Pans", &["Frying Pan", "Saucepan", "Sauté Pan", "Crêpe Pan"], METAL, 4_990, 1_400, NONE),
    kind("Kitchen > Tableware > Mugs", &["Mug", "Espresso Cup", "Tea Bowl", "Beaker"], CLAY, 1_690, 350, NONE),
    kind("Home > Lighting > Table Lamps", &["Table Lamp", "Desk Lamp", "Reading Light"], METAL, 7_900, 1_600, NONE),
    kind("Clothing > Footwear > Trainers", &["Trainer", "Running Shoe", "Trail Shoe"], PLASTIC, 8_990, 720, SHOES),
    kind("Garden > Hand Tools", &["Trowel", "Weeder", "Hand Fork", "Secateurs"], METAL, 2_190, 280, NONE),
    kind("Office > Notebooks", &["Notebook", "Sketchbook", "Planner", "Journal"], PAPER, 1_450, 320, NONE),
    kind("Electronics > Audio > Headphones", &["Headphones", "Earbuds", "Headset"], PLASTIC, 7_490, 240, NONE),
    kind("Clothing > Tops > Jumpers", &["Jumper", "Cardigan", "Roll-Neck"], CLOTH, 6_990, 520, LETTERS),
    kind("Pantry > Coffee", &["Espresso Beans", "Filter Coffee", "Decaf Coffee"], TASTE, 1_190, 260, PACKS),
    kind("Home > Textiles > Cushions", &["Cushion", "Floor Cushion", "Bolster"], CLOTH, 2_990, 600, NONE),
    kind("Sport > Yoga", &["Yoga Mat", "Yoga Block", "Stretch Strap"], PLASTIC, 2_690, 900, NONE),
    kind(
        "Toys > Wooden Toys",
        &["Building Blocks", "Pull-Along Duck", "Train Set", "Stacking Tower"],
        WOOD,
        3_290,
        850,
        NONE,
    ),
    kind("Kitchen > Knives", &["Chef's Knife", "Paring Knife", "Bread Knife", "Santoku"], METAL, 6_490, 230, NONE),
    kind("Clothing > Bottoms > Trousers", &["Trousers", "Chinos", "Joggers"], CLOTH, 5_990, 540, LETTERS),
    kind(
        "Electronics > Computers > Keyboards",
        &["Keyboard", "Compact Keyboard", "Number Pad"],
        PLASTIC,
        6_900,
        780,
        NONE,
    ),
    kind("Home > Furniture > Stools", &["Stool", "Step Stool", "Bar Stool"], WOOD, 9_900, 4_200, NONE),
    kind("Pantry > Tea", &["Green Tea", "Oolong", "Breakfast Tea", "Herbal Infusion"], TASTE, 890, 120, PACKS),
    kind("Bags > Backpacks", &["Backpack", "Daypack", "Roll-Top Pack"], CLOTH, 7_900, 880, NONE),
    kind("Sport > Cycling > Lights", &["Front Light", "Rear Light", "Light Set"], PLASTIC, 3_490, 110, NONE),
    kind("Beauty > Soap", &["Hand Soap", "Shampoo Bar", "Shaving Soap"], TASTE, 750, 110, NONE),
    kind("Office > Pens", &["Fountain Pen", "Ballpoint Pen", "Mechanical Pencil"], METAL, 1_990, 35, NONE),
    kind("Garden > Pots", &["Planter", "Hanging Pot", "Seed Tray"], CLAY, 1_890, 1_100, NONE),
    kind("Kitchen > Tableware > Plates", &["Dinner Plate", "Side Plate", "Serving Platter"], CLAY, 1_990, 640, NONE),
    kind("Clothing > Accessories > Socks", &["Socks", "Hiking Socks", "Ankle Socks"], CLOTH, 1_290, 70, LETTERS),
    kind("Home > Textiles > Throws", &["Throw", "Blanket", "Bedspread"], CLOTH, 5_900, 1_300, NONE),
    kind("Electronics > Computers > Mice", &["Mouse", "Trackball", "Vertical Mouse"], PLASTIC, 3_990, 120, NONE),
    kind("Bags > Wallets", &["Wallet", "Card Holder", "Coin Purse"], PAPER, 3_490, 90, NONE),
    kind("Sport > Camping > Cooking", &["Camp Stove", "Mess Tin", "Spork"], METAL, 2_990, 410, NONE),
    kind("Home > Storage > Boxes", &["Storage Box", "Drawer Tray", "Basket"], WOOD, 2_490, 950, NONE),
    kind("Toys > Puzzles", &["Jigsaw Puzzle", "Cube Puzzle", "Peg Puzzle"], PAPER, 1_990, 600, NONE),
    kind("Pantry > Honey", &["Blossom Honey", "Forest Honey", "Honeycomb"], TASTE, 950, 480, PACKS),
    kind(
        "Clothing > Outerwear > Jackets",
        &["Rain Jacket", "Wind Jacket", "Field Jacket"],
        CLOTH,
        12_900,
        760,
        LETTERS,
    ),
    kind(
        "Electronics > Audio > Speakers",
        &["Bookshelf Speaker", "Portable Speaker", "Soundbar"],
        WOOD,
        11_900,
        2_600,
        NONE,
    ),
    kind("Home > Clocks", &["Wall Clock", "Alarm Clock", "Mantel Clock"], WOOD, 4_900, 700, NONE),
    kind("Beauty > Brushes", &["Hair Brush", "Bath Brush", "Nail Brush"], WOOD, 1_490, 130, NONE),
    kind("Garden > Watering", &["Watering Can", "Hose Nozzle", "Plant Mister"], METAL, 2_590, 650, NONE),
    kind("Kitchen > Baking", &["Loaf Tin", "Cake Tin", "Rolling Pin", "Cookie Cutter"], METAL, 1_790, 540, NONE),
    kind("Clothing > Accessories > Scarves", &["Scarf", "Neck Warmer", "Shawl"], CLOTH, 3_290, 160, NONE),
    kind("Home > Furniture > Shelves", &["Wall Shelf", "Corner Shelf", "Bookcase"], WOOD, 14_900, 8_500, NONE),
    kind("Sport > Climbing", &["Chalk Bag", "Quickdraw", "Climbing Rope"], PLASTIC, 4_490, 480, NONE),
    kind("Music > Percussion", &["Shaker", "Cajón", "Tambourine", "Hand Drum"], WOOD, 4_900, 900, NONE),
    kind("Pets > Dogs", &["Dog Lead", "Dog Bowl", "Dog Bed"], PLASTIC, 2_290, 700, NONE),
    kind("Music > Strings", &["Ukulele", "Guitar Stand", "String Set"], WOOD, 6_900, 650, NONE),
    kind("Pets > Cats", &["Scratching Post", "Cat Bowl", "Cat Tunnel"], PAPER, 2_690, 1_500, NONE),
    kind("Tools > Measuring", &["Folding Rule", "Spirit Level", "Tape Measure"], METAL, 1_890, 330, NONE),
    kind("Tools > Screwdrivers", &["Screwdriver", "Bit Set", "Ratchet Driver"], METAL, 2_290, 260, NONE),
];

/// What precedes a name.
pub const MOODS: [&str; 40] = [
    "Classic", "Quiet", "Everyday", "Northern", "Bright", "Compact", "Sturdy", "Slim", "Rustic", "Modern", "Folding",
    "Light", "Heavy", "Little", "Grand", "Coastal", "Alpine", "Urban", "Meadow", "Harvest", "Winter", "Summer",
    "Studio", "Travel", "Workshop", "Heritage", "Nordic", "Garden", "Harbour", "Forest", "Desert", "River", "Midnight",
    "Amber", "Frosted", "Ribbed", "Brushed", "Woven", "Polished", "Waxed",
];

/// Colours, which are also what variants differ in.
pub const COLOURS: [&str; 16] = [
    "Black", "White", "Grey", "Navy", "Olive", "Sand", "Rust", "Moss", "Sky", "Plum", "Mustard", "Coral", "Teal",
    "Ivory", "Slate", "Rosé",
];

/// Beginnings and endings of coined brands.
pub const BRAND_HEADS: [&str; 16] = [
    "Alder", "Bryn", "Cal", "Dov", "Elm", "Fjor", "Gal", "Hol", "Isk", "Jor", "Kest", "Lum", "Mar", "Nor", "Ost", "Vel",
];
/// See [`BRAND_HEADS`].
pub const BRAND_TAILS: [&str; 12] =
    ["wick", "ane", "ora", "dal", "mere", "ström", "ton", "vik", "una", "ell", "hald", "isto"];

/// Words that products share across kinds.
pub const TAGS: [&str; 14] = [
    "gift",
    "bestseller",
    "handmade",
    "new",
    "sale",
    "everyday",
    "outdoor",
    "indoor",
    "repairable",
    "vegan",
    "limited",
    "classic",
    "travel",
    "back in stock",
];

/// Sentences; `{}` takes the noun, `@` the material.
pub const SENTENCES: [&str; 24] = [
    "This {} is made of @ and meant to be used daily.",
    "The @ gets better with the years.",
    "Every {} is checked by hand before it leaves the workshop.",
    "It weighs little and packs small.",
    "Spare parts are kept in stock for ten years.",
    "Wipe it clean with a damp cloth.",
    "A {} that does one thing and does it well.",
    "The edges are rounded so that nothing catches.",
    "Comes in a plain cardboard box without plastic.",
    "Small differences in the @ are part of its character.",
    "Fits left and right hands alike.",
    "We have used the same {} in our own kitchen since the first samples.",
    "Made in small runs, so colours may differ a little from batch to batch.",
    "The @ comes from a supplier less than a day away.",
    "A good choice for beginners and for those who have tried them all.",
    "Stands up to rain, dust and the odd fall.",
    "The finish is matt and does not reflect the light.",
    "Pairs well with everything else in the range.",
    "Designed to be taken apart with one screwdriver.",
    "It took four rounds of prototypes to get this {} right.",
    "Measures are given in the data sheet.",
    "Keeps its shape after a hundred washes.",
    "If it breaks within five years, we repair it.",
    "No batteries, no app, no account.",
];

/// Where things are made.
pub const PLACES: [&str; 8] = ["Portugal", "Denmark", "Japan", "Italy", "Poland", "Germany", "Sweden", "France"];

/// Per mille of the middle price, from cheap to dear: what sixteen equal parts of a log-normal spread would hold.
pub const SPREAD: [u64; 16] =
    [320, 430, 510, 580, 650, 720, 800, 900, 1_000, 1_130, 1_270, 1_450, 1_680, 2_010, 2_620, 4_300];
