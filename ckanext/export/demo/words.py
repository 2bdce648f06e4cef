"""Names for the derived homes. Every person and every message here is made up."""

# Per language: kitchen, living room, laundry, office, bathroom, ironing, teenager's, parents'.
# The number is that of the source's T1..T9 and RH_1..RH_9 (6 is outside).
ROOMS = {
    1: "kitchen",
    2: "living_room",
    3: "laundry_room",
    4: "office",
    5: "bathroom",
    7: "ironing_room",
    8: "teenager_room",
    9: "parents_room",
}

ROOM_NAMES = {
    "en": {
        1: "Kitchen",
        2: "Living room",
        3: "Laundry",
        4: "Office",
        5: "Bathroom",
        7: "Ironing room",
        8: "{child}'s room",
        9: "Bedroom",
    },
    "de": {
        1: "Wohnküche",
        2: "Wohnzimmer",
        3: "Waschküche",
        4: "Büro",
        5: "Bad",
        7: "Bügelzimmer",
        8: "Zimmer von {child}",
        9: "Schlafzimmer",
    },
    "fr": {
        1: "Cuisine",
        2: "Séjour",
        3: "Buanderie",
        4: "Bureau",
        5: "Salle d’eau",
        7: "Lingerie",
        8: "Chambre de {child}",
        9: "Chambre à coucher",
    },
    "ja": {
        1: "台所",
        2: "居間",
        3: "洗濯室",
        4: "書斎",
        5: "浴室",
        7: "家事室",
        8: "{child}の部屋",
        9: "寝室",
    },
    "pl": {
        1: "Kuchnia",
        2: "Salon",
        3: "Pralnia",
        4: "Gabinet",
        5: "Łazienka",
        7: "Prasowalnia",
        8: "Pokój {child}",
        9: "Sypialnia 🛏️",
    },
}

GIVEN_NAMES = (
    "Mirabel",
    "Tavish",
    "Žofie",
    "Odalys",
    "Bruno",
    "Ynez",
    "Søren",
    "Calixta",
    "Jürgen",
    "Ottoline",
    "Łucja",
    "Fenwick",
    "陽菜",
    "Ianthe",
    "Dashiell",
    "Noé",
)

FAMILY_NAMES = (
    "Quillfeather",
    "Ostermühl",
    "O'Brackenridge",
    "van der Zandhaas",
    "Lindqvarn",
    "Pommeroy-Tusk",
    "Kräutlein",
    "Dąbkowicz",
    "架空",
    "Thistlewhite",
    "Morvandeau",
    "Ashgrove",
)

# What a text sensor may hold: everything that a careless writer of CSV, JSON or XML trips over.
MESSAGES = (
    'Paket "groß", bitte klingeln\nDanke',
    "Parcel left with the neighbours, no. 12; signature: 'x'",
    '=HYPERLINK("http://example.org","click")',
    "+1 day",
    "@home",
    "-delivery cancelled-",
    "居間の窓を閉めてください 🙂",
    "<b>Fish & chips</b> at 18:00]]>",
    "two lines\r\nas Windows writes them",
    "\ttabbed, with a backslash \\ and a comma",
    "Überweisung über 12,50 € erhalten",
    'C:\\doorbell\\"last".txt',
)
