"""The words that the simulated endpoint knows.

Nouns are the objects that office tools deal with; what a prompt mentions of them, an answer takes up.
Company, project and person names are chosen to be rare in prose, so that finding one means something.
"""

from __future__ import annotations


def _listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(entry.split()) for entry in text.split(",") if entry.strip())


NOUNS = tuple(
    """
    account address agenda agreement album alert allocation amount analysis announcement appointment
    approval archive article assignment attachment attendee audit backlog balance batch bill blueprint board
    booking branch brief brochure budget bug bulletin calendar call campaign card catalogue channel charge
    chart chat checklist client collection comment complaint component conference confirmation contact
    contract contribution coupon course coverage credit customer dashboard database date deadline deal
    delivery demo deployment deposit description design discount dispute document donation draft drawing
    duplicate email enquiry entry epic equipment error estimate event exhibit expense export feedback field
    figure file filter folder forecast form fund gallery gift grant guest guide guideline handbook handover
    headline hire holiday image import incident index inspection interview inventory invitation invoice
    issue itinerary job journal keynote label layout leaflet lease ledger lesson letter licence link list
    location logo loan mailbox maintenance manual manuscript map margin meeting membership memo menu message
    milestone minute module newsletter note notification offer onboarding order outage outline package
    parcel participant password patch payment payout payroll permission permit phone photo pipeline plan
    playlist policy portfolio position poster presentation price procedure product profile programme project
    proposal purchase query question questionnaire quote rate receipt recipe record recording reference
    refund region registration release reminder rental repair reply report request reservation resolution
    resource response result resume review roadmap roster rota route rule sample schedule section seminar
    sensor session settlement shift shipment shortlist signature site sketch slide slot snapshot spreadsheet
    sprint statement status stock storage story strategy subscription summary supplier survey syllabus table
    tag target task tax team template test thread ticket timeline timesheet topic tour trace training
    transaction transcript transfer translation trip tutorial update upgrade upload vacancy vehicle vendor
    venue version video visit volunteer voucher warehouse warranty webinar website workflow workshop
    workspace worksheet
    """.split()
)

ADJECTIVES = tuple(
    """
    annual approved archived late early careful final first second last missing monthly weekly quarterly new
    old open overdue pending printed private public regional revised shared signed short long small large
    standard temporary tentative unpaid unread updated urgent usual internal external detailed incomplete
    corrected original seasonal bilingual digital joint partial preliminary recurring rescheduled spare
    """.split()
)

VERBS = tuple(
    tuple(pair.split(":"))
    for pair in """
    send:sent review:reviewed update:updated move:moved share:shared check:checked prepare:prepared
    find:found archive:archived rename:renamed cancel:cancelled confirm:confirmed collect:collected
    compare:compared correct:corrected describe:described finish:finished fix:fixed forward:forwarded
    label:labelled list:listed open:opened organise:organised print:printed publish:published
    record:recorded renew:renewed replace:replaced schedule:scheduled sort:sorted split:split
    summarise:summarised tidy:tidied track:tracked translate:translated verify:verified close:closed
    copy:copied draft:drafted reopen:reopened
    """.split()
)
"""Pairs of infinitive and past participle."""

FIRST_NAMES = tuple(
    """
    Adaeze Alvar Amina Anouk Bastian Beatriz Callum Catalina Chinwe Dagny Dariusz Delphine Dmitri Eleni
    Emeka Farida Fenna Gaspard Giulia Hamza Hanneke Ikram Ingrid Isolde Jarek Jovana Kaito Kamala Katarzyna
    Kwame Laleh Leopold Lucinda Malik Marguerite Mateus Milena Naoko Nikolai Nuria Olamide Ottilie Paloma
    Priyanka Quentin Rafaela Rashida Rukmini Saoirse Sefa Shirin Soren Tamsin Tariq Tomasz Ulrika Vasilis
    Wanjiru Xiomara Yasmin Yevgenia Zainab Zoltan
    """.split()
)

LAST_NAMES = tuple(
    """
    Abernathy Achterberg Adeyemi Almqvist Amarante Balogun Bergstrom Bianchi Calloway Cardoso Chaudhry
    Dahlgren Delacroix Demirci Eberhardt Eriksen Fairweather Fonseca Galvan Gunawardena Haverkamp Hollis
    Ibarra Ivanova Jankowski Kaplan Kowalczyk Kristensen Lindqvist Lombardi Makinde Marchetti Mbeki Nakagawa
    Novotny Okafor Olivares Papadakis Pemberton Quiroga Rasmussen Ribeiro Salvatore Santoro Sokolov
    Takahashi Thorne Uchenna Valdivia Vandermeer Venkatesh Wakefield Whitlock Yamada Zeller
    """.split()
)

COMPANIES = tuple(
    """
    Aldermoor Amberwick Ashgrove Barleyfold Bluefinch Brackenridge Brightloom Calderstone Cedarhythe
    Cloverdene Copperlane Cresthollow Dovecote Driftmark Eastmere Elmstead Emberly Fallowgate Fernhollow
    Flintwater Foxglen Glassmere Greywether Halcombe Harrowfield Hazelbrook Highbarrow Inkwell Ironquay
    Juniperfold Kestrelway Kingsferry Larkspur Lindenhall Longmeadow Marlowe Millrace Mossbank Netherby
    Northolt Oakhaven Orchardine Pebblecourt Pinecastle Quarryside Quillstone Ravensworth Redmarsh Rookery
    Saltmarsh Silverbeck Skylarke Stonebridge Sunderfield Tamarisk Thistledown Thornbury Tidewell Umberfield
    Valebrook Westerly Whitcombe Willowmere Windrush Wrenfield Yarrowby
    """.split()
)

CITIES = tuple(
    """
    Accra Adelaide Antwerp Aarhus Bangalore Bergen Bilbao Bogota Brisbane Bristol Calgary Cardiff Cork Cusco
    Dakar Dresden Dubrovnik Durban Edinburgh Galway Ghent Gothenburg Graz Halifax Hanoi Helsinki Izmir
    Jaipur Kigali Kyoto Lagos Leeds Lisbon Ljubljana Lyon Malaga Manila Medellin Montreal Nairobi Nantes
    Oaxaca Odense Osaka Palermo Perth Porto Quito Riga Rotterdam Salvador Seville Tallinn Tampere Tbilisi
    Trieste Turin Utrecht Valencia Vilnius Wellington Zagreb
    """.split()
)

INDUSTRIES = _listed("""
    furniture making, dairy farming, bicycle repair, music publishing, veterinary care, solar energy, wine
    export, railway maintenance, book printing, dental care, yacht chartering, coffee roasting, film
    distribution, property management, language teaching, wedding catering, cheese making, museum curation,
    textile dyeing, charity fundraising, water treatment, medical imaging, toy design, timber trading,
    online tutoring, pest control, flower delivery, theatre production, car rental, marine biology, event
    security, shoe repair, bakery supplies, mountain guiding, telecom billing, court interpreting, aircraft
    leasing, greenhouse building, sports coaching, antique dealing, insurance brokering, podcast production,
    waste recycling, fishery management, elevator servicing, archive digitisation, school transport, optical
    instruments, pharmacy logistics, landscape gardening
""")

JOBS = _listed("""
    office manager, site engineer, sales lead, head librarian, payroll clerk, travel planner, research
    assistant, production designer, shift supervisor, account executive, data analyst, community organiser,
    workshop foreman, chief bookkeeper, press officer, clinic receptionist, logistics coordinator, studio
    producer, procurement officer, quality inspector, fundraising director, course tutor, support agent,
    release manager, legal secretary, fleet dispatcher, museum curator, recruiting partner, tax adviser,
    warehouse planner, programme manager, editor in chief, safety officer, tenant liaison, customer success
    manager, lab technician
""")

PROJECTS = tuple(
    """
    Albatross Basalt Borealis Cascade Chrysalis Cinnabar Dragonfly Evergreen Firefly Gazelle Horizon
    Hummingbird Indigo Kaleidoscope Lighthouse Magpie Meridian Monsoon Nautilus Obsidian Orchid Pangolin
    Papyrus Quicksilver Rosewood Saffron Sandpiper Starling Sycamore Tapestry Terracotta Tumbleweed Vanguard
    Wisteria Zephyr
    """.split()
)

DAYS = tuple("Monday Tuesday Wednesday Thursday Friday".split())

KEYS = tuple("id status title name summary date count owner url note updated_at category".split())
"""Keys of an object that nobody prescribed."""
