"""French, what the page of a sweep says."""

SWEEP = {
    "sweep.title": "Balayage Alizé\u202f: {name}",
    "sweep.question": "Qu'est-ce qui change le coût et le carbone de {name}\u202f?",
    "sweep.basis.planned": "{done} mondes sur {of} calculés\u202f; valeurs attendues\u202f: des"
    " plans sur prévisions, pas encore des économies.",
    "sweep.basis.lived": "{done} mondes sur {of} calculés\u202f; résultats simulés, avec des"
    " prévisions qui se trompaient.",
    "sweep.tornado": "Ce qui change le plus le résultat",
    "sweep.tornado.caption": "Du plus petit au plus grand le long de chaque axe\u202f; la marque"
    " rouge est le scénario tel quel là où les axes ont bougé un à un, sinon la moyenne de tous les"
    " mondes.",
    "sweep.tornado.alt": "Barres de {figure} par axe, la plus longue d'abord",
    "sweep.pareto": "Coût contre carbone",
    "sweep.pareto.caption": "Chaque monde est un point\u202f; aucun autre ne fait mieux que les"
    " points reliés sur les deux axes.",
    "sweep.pareto.alt": "Points de coût et d'émissions, les non dominés reliés",
    "sweep.heat": "Deux choix l'un contre l'autre",
    "sweep.heat.caption": "La moyenne sur tous les autres axes.",
    "sweep.heat.alt": "{figure} selon {first} et {second}",
    "sweep.world": "Monde",
    "sweep.worlds": "Mondes\u202f: {shown} sur {of}",
    "sweep.as_is": "tel quel",
    "sweep.status": "État",
    "sweep.status.done": "calculé",
    "sweep.status.refused": "refusé",
    "sweep.status.failed": "échoué",
    "sweep.troubled": "Mondes sans chiffres",
    "kpi.gap": "Écart",
    "kpi.energy_efficiency_gain_percent": "Gain d'efficacité énergétique [%]",
}
