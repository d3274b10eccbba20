"""French. Narrow no-break spaces stand before signs, as its typography asks."""

from scheduler.reporting.texts.fr_sweep import SWEEP
from scheduler.reporting.texts.fr_tables import TABLES
from scheduler.reporting.texts.fr_wishes import WISHES

CODE = "fr"
INSTANT_FORMAT = "%d/%m/%Y %H:%M"
MONEY_FORMAT = "{amount}\u202f{currency}"
PERCENT_FORMAT = "{}\u202f%"
NUMBERS = {"decimal": ",", "thousands": "\u202f", "grouping": [3], "currency": ["", ""]}
TIMES = {
    "dateTime": "%x, %X",
    "date": "%d/%m/%Y",
    "time": "%H:%M",
    "periods": ["", ""],
    "days": ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
    "shortDays": ["dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."],
    "months": [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    "shortMonths": [
        "janv.",
        "févr.",
        "mars",
        "avr.",
        "mai",
        "juin",
        "juil.",
        "août",
        "sept.",
        "oct.",
        "nov.",
        "déc.",
    ],
}

TEXTS = {
    # Head and first screen
    "title": "Rapport Alizé\u202f: {name}",
    "no_question": "Que fait gagner la planification de {name} par rapport au lancement"
    " immédiat\u202f?",
    "span": "du {start} au {end} UTC, pas de {step_min} min · prévisions émises le {issued} UTC",
    "basis.forecast": "Valeurs attendues\u202f: un plan sur prévisions, pas encore une économie.",
    "basis.range": "P10–P90\u202f: 10e et 90e centiles sur les {n} scénarios pondérés de vent, de"
    " soleil, de carbone et de demande, emplacements, répliques et batterie tenus comme prévu et"
    " rien de replanifié\u202f; la valeur attendue peut tomber en dehors.",
    "basis.simulated": "Résultat simulé du plan.",
    "basis.measured": "Résultat mesuré du plan.",
    "range": "{low} à {high}",
    "card.range": "P10–P90\u202f: {range}",
    "card.emissions": "Émissions",
    "card.cost": "Coût",
    "card.deadlines": "Échéances tenues",
    "card.energy_gain": "Gain d'efficacité énergétique",
    "card.facility_gain": "Gain sur tout le site",
    "card.baseline": "immédiat\u202f: {value}",
    "card.baseline_range": "immédiat\u202f: {value} (P10–P90\u202f: {range})",
    "card.of": "{met} sur {all}",
    "card.no_jobs": "aucune tâche",
    "card.energy_gain_note": "travail par kWh acheté ou produit par combustible",
    "card.facility_gain_note": "travail par kWh du site, toutes sources",
    "card.gain_unknown": "non indiqué\u202f: {reason}",
    "reason.bought.run_now": "le lancement immédiat n'achète presque pas d'énergie",
    "reason.bought.plan": "le plan n'achète presque pas d'énergie",
    "reason.less_work": "le plan fait moins de travail utile que le lancement immédiat",
    "reason.later": "le plan est plus en retard que le lancement immédiat",
    "reason.unserved": "le plan laisse plus de requêtes sans réponse que le lancement immédiat",
    "reason.no_work": "le lancement immédiat ne fait aucun travail utile",
    "advice.forecast": "Suivre le plan\u202f: par rapport au lancement immédiat, on en attend"
    " {emissions} d'émissions, {cost} de coût et {met} échéances tenues sur {all}, contre"
    " {baseline_met}.",
    "advice.outcome": "Suivre le plan\u202f: par rapport au lancement immédiat, il a apporté"
    " {emissions} d'émissions, {cost} de coût et {met} échéances tenues sur {all}, contre"
    " {baseline_met}.",
    "advice.indifferent": "On n'attend rien ici de la planification\u202f: tout lancer"
    " immédiatement vaut autant ({emissions} d'émissions, {cost} de coût).",
    "advice.basis": "Sur prévisions émises le {issued} UTC\u202f; carbone compté à {carbon} le kg.",
    # Headings
    "section.savings": "D'où vient la différence",
    "section.energy": "Énergie par site",
    "section.jobs": "Quand et où tournent les tâches",
    "section.battery": "Batteries",
    "section.forecasts": "Ce que l'on savait d'avance",
    "section.tables": "Chiffres",
    "section.assumptions": "Hypothèses",
    "section.limits": "Limites",
    "section.reproduce": "Comment reproduire ce rapport",
    "section.data": "Données",
    "nav": "Sommaire",
    # Figures
    "figure.first": "Énergie de tous les sites\u202f: sources au-dessus de la ligne, usages"
    " au-dessous",
    "figure.first.plan": "Plan",
    "figure.first.run-now": "Lancement immédiat",
    "figure.energy": "{site}\u202f: sources au-dessus de la ligne, usages au-dessous. PV et éolien"
    " tels que disponibles\u202f; ce qui n'a pu servir figure au-dessous comme écrêté.",
    "figure.carbon": "Intensité carbone du réseau",
    "figure.price": "Prix de l'énergie importée",
    "figure.waterfall.emissions_kg": "Émissions par rapport au lancement immédiat, une liberté à la"
    " fois",
    "figure.waterfall.cost": "Coût par rapport au lancement immédiat, une liberté à la fois",
    "figure.waterfall.none": "Aucune cascade n'a été calculée pour ce plan.",
    "figure.gantt": "{site}\u202f: une ligne par tâche, par ordre de départ. En couleur, le"
    " plan\u202f; en gris derrière, le lancement immédiat\u202f; trait fin, les pauses. Pointer une"
    " barre pour son explication.",
    "figure.gantt.carbon": "Fond\u202f: l'intensité carbone du réseau, plus sombre si plus sale.",
    "figure.gantt.cut": "Seules les tâches les plus lourdes en heures-GPU sont dessinées\u202f; le"
    " tableau les a toutes.",
    "figure.soc": "{site}\u202f: énergie stockée",
    "figure.power": "{site}\u202f: puissance de la batterie, décharge au-dessus, charge au-dessous",
    "figure.band": "{variable}, {place}",
    "figure.band.note": "émise le {issued} UTC · {rung} · {kind}\u202f: {source}",
    "figure.bands": "Bande\u202f: de 10 à 90\u202f%\u202f; trait\u202f: médiane. Un trait sans"
    " bande est tenu pour certain.",
    "figure.coarse": "Chaque valeur est la moyenne de {n} pas.",
    "figure.alt": "{title}. Les tableaux portent les mêmes nombres.",
    "no_script": "Les figures demandent JavaScript\u202f; les tableaux portent les mêmes nombres.",
    "axis.power": "kW",
    "axis.energy": "kWh",
    "axis.carbon": "g/kWh",
    "axis.price": "{currency}/kWh",
    "axis.jobs": "tâches",
    "legend": "Couleurs",
    "mark.due": "échéance souple",
    "mark.deadline": "échéance ferme",
    "mark.run_now": "lancement immédiat",
    "plan": "plan",
    "run-now": "immédiat",
    # Flows
    "flow.wind_kw": "éolien",
    "flow.pv_kw": "PV",
    "flow.discharge_kw": "batterie, décharge",
    "flow.grid_import_kw": "import du réseau",
    "flow.generator_kw": "groupe électrogène",
    "flow.unmet_kw": "non fourni",
    "flow.services_kw": "services",
    "flow.jobs_kw": "tâches",
    "flow.idle_and_overhead_kw": "repos et auxiliaires",
    "flow.charge_kw": "batterie, charge",
    "flow.grid_export_kw": "export au réseau",
    "flow.curtailed_kw": "écrêté",
    # Freedoms
    "freedom.run_now": "immédiat",
    "freedom.dispatch": "flux d'énergie",
    "freedom.time": "moment",
    "freedom.place": "lieu",
    "freedom.width_and_power": "largeur et puissance",
    "freedom.variants": "variantes",
    "freedom.plan": "plan",
    # Kinds of jobs and of numbers
    "kind.contiguous": "d'un seul tenant",
    "kind.checkpointable": "interruptible",
    "kind.elastic": "élastique",
    "origin.measured": "mesuré",
    "origin.estimated": "estimé",
    "origin.forecast": "prévu",
    "origin.published": "publié",
    "origin.synthetic": "synthétique",
    "variable.wind_kw": "Puissance éolienne",
    "variable.pv_kw": "Puissance PV",
    "variable.temperature_c": "Température extérieure",
    "variable.carbon_g_per_kwh": "Intensité carbone du réseau",
    "variable.demand_rps": "Requêtes",
    # Sentences on jobs
    "why.at_once": "démarre dès que possible",
    "why.cleaner": "attend une énergie plus propre ou moins chère\u202f: {kg:+.1f} kg et"
    " {money:+.0f} {currency} par rapport à un départ immédiat",
    "why.waits": "attend\u202f; pour partir immédiatement, {limit}",
    "why.unfinished": "laissée inachevée\u202f: {limit}",
    "why.left": "laissée inachevée alors qu'un départ est possible",
    "why.too_late": "elle finirait {hours:.3g} h après l'échéance ferme",
    "why.gpus": "il n'y a que {left} GPU libres sur les {needed} nécessaires, {at:%a %H:%M}",
    "why.power": "il manque {kw:.0f} kW, {at:%a %H:%M}",
    "why.no_site": "aucun site n'a les GPU demandés",
    "why.moved": ", venue de {home}",
    "why.pause": ", 1 pause",
    "why.pauses": ", {n} pauses",
    "why.late": ", finit {hours:.3g} h après son échéance souple",
    **WISHES,
    **TABLES,
    **SWEEP,
    # Kpis
    "kpi.cost": "Coût",
    "kpi.emissions_kg": "Émissions, selon le lieu",
    "kpi.emissions_market_kg": "Émissions, selon le marché",
    "kpi.embodied_kg": "Émissions incorporées",
    "kpi.facility_kwh": "Énergie du site",
    "kpi.bought_kwh": "Énergie achetée ou produite par combustible",
    "kpi.grid_import_kwh": "Import du réseau",
    "kpi.grid_export_kwh": "Export au réseau",
    "kpi.generator_kwh": "Groupe électrogène",
    "kpi.renewable_used_kwh": "Éolien et PV propres utilisés",
    "kpi.curtailed_kwh": "Écrêté",
    "kpi.unmet_kwh": "Non fourni",
    "kpi.missing_reserve_kw_h": "Réserve manquante",
    "kpi.peak_import_kw": "Import le plus haut",
    "kpi.water_l": "Eau",
    "kpi.useful_work_gpu_h": "Travail utile",
    "kpi.gpu_hours": "Heures-GPU réservées",
    "kpi.soc_end_kwh": "Stocké à la fin",
    "kpi.jobs_late": "Tâches après leur échéance souple",
    "kpi.jobs_unfinished": "Tâches non finies à leur échéance ferme",
    "kpi.late_gpu_h": "Retard",
    "kpi.sla_violation_share": "Requêtes hors de leur budget de latence",
    "kpi.unprotected_requests": "Requêtes non protégées contre la perte d'un site",
    "kpi.energy_cost": "Coût de l'énergie",
    "kpi.demand_cost": "Prime de puissance",
    "kpi.fuel_cost": "Coût du combustible",
    "kpi.start_cost": "Démarrages du groupe électrogène",
    "kpi.wear_cost": "Usure de la batterie",
    "kpi.water_cost": "Coût de l'eau",
    "kpi.lease_cost": "Location",
    "kpi.peak_import_kw.site": "Import le plus haut",
    # Tables
    "rung": "{rung}\u202f: {reason}",
    "futures": "Le plan vaut pour {n} futurs de vent, de soleil et de carbone à la fois, tirés des"
    " prévisions\u202f; les {tail} les pires y comptent pour {weight} à côté de la moyenne. Il"
    " revient à {mean} en moyenne et à {cvar} dans les pires (CVaR), carbone et manques à leur"
    " prix\u202f; c'est {worth} de moins que le plan de la prévision moyenne dans les mêmes"
    " futurs, pesés de même. Il est à {gap} au plus du meilleur possible sur tous. La demande et"
    " le refroidissement restent ceux attendus.",
    "why_unmet": "Pourquoi, et ce qui suffirait",
    "no_shortfalls": "Tout a pu être tenu.",
    "shortfall.unmet_power": "Puissance que rien n'a fournie",
    "shortfall.unserved_requests": "Requêtes sans réponse à temps",
    "shortfall.unprotected_requests": "Requêtes que la perte d'un site laisserait sans réponse",
    "shortfall.late_work": "Travail fait après son échéance souple",
    "shortfall.unfinished_work": "Travail non fait à son échéance ferme",
    "shortfall.excess_carbon": "Émissions au-dessus du budget carbone",
    "shortfall.missing_reserve": "Réserve qui manquait à un site isolé",
    "shortfall.excess_cost": "Argent payé au-dessus du budget de coût",
    # What runs say in English, in French
    "quoted.dakhla.question": "De combien l'entraînement et l'inférence à Dakhla deviennent-ils"
    " plus propres et moins chers quand ils suivent le vent, le soleil, la batterie et le tarif"
    " au lieu d'être lancés immédiatement\u202f?",
    "quoted.dakhla.data_note": "Synthétiques\u202f: tâches, services, demande, temps"
    " d'aller-retour, flux météo. Supposés\u202f: prix, tailles, puissance des machines."
    " Publiés\u202f: le climat de Dakhla (par mois), les heures du tarif et les facteurs carbone"
    " (par an).",
    "quoted.dakhla-island.question": "Combien de gazole un centre de données à Dakhla sans lien au"
    " réseau économise-t-il quand l'entraînement attend le vent et le soleil\u202f?",
    "quoted.dakhla-island.data_note": "Synthétiques\u202f: tâches, services, demande, temps"
    " d'aller-retour, flux météo. Supposés\u202f: prix, tailles, puissance des machines, gazole."
    " Publié\u202f: le climat de Dakhla (par mois).",
    "quoted.one-site-one-battery.question": "Quand une tâche tourne-t-elle, et que fait la"
    " batterie, quand trois heures sont bon marché\u202f?",
    "quoted.one-site-one-battery.data_note": "Tous les nombres sont inventés, pour être vérifiés à"
    " la main.",
    "quoted.note.left_out": "{file}\u202f: {n} tâches sur {all} deviennent prêtes hors de l'horizon"
    " et sont laissées de côté",
    "quoted.note.queued": "jobs.generate\u202f: {n} tâches feraient la queue si chacune tournait"
    " immédiatement à son origine\u202f; baisser load ou services_headroom_gpus",
    "quoted.note.too_few": "jobs.generate\u202f: count_per_week {n} est trop faible pour charger"
    " {site} à {load}\u202f; obtenu\u202f: {got}",
    "quoted.note.too_many": "jobs.generate\u202f: count_per_week {n} est trop élevé pour charger"
    " {site} à {load}\u202f; obtenu\u202f: {got}",
    "quoted.note.slack": "jobs.generate\u202f: {hours} h laissent de la place à {room}\u202f% des"
    " heures-GPU de marge {slack}, non à {share}\u202f%\u202f; le reste en a moins",
    "quoted.rung.coordinates": "0 coordonnées seules",
    "quoted.rung.stated": "0 série énoncée",
    "quoted.rung.weather": "3 prévision météo",
    "quoted.reason.stated": "le scénario l'énonce",
    "quoted.reason.within": "le scénario l'énonce, à {spread}\u202f% près",
    "quoted.reason.no_feed": "aucune prévision météo n'est configurée",
    "quoted.reason.stale": "la dernière prévision météo date de {age} h, plus que les {most} h"
    " jusqu'où elle sert",
    "quoted.reason.fresh": "une prévision météo vieille de {age} h est disponible",
    "quoted.reason.fresh_then_none": "une prévision météo vieille de {age} h est disponible\u202f;"
    " les heures à plus de {most} h d'elle reposent sur les seules coordonnées",
    "quoted.source.feed": "prévision météo synthétique, monde {seed}\u202f; {climate}",
    "quoted.source.dakhla": "climatologie de Dakhla avec ses références (résumés annuels et"
    " mensuels publiés)",
    "quoted.source.normals": "normales mensuelles publiées, approchées, de {place}"
    " (température)\u202f; vent et soleil grossiers",
    # Assumptions
    "assumed.data": "Le scénario sur ses nombres\u202f: {note}",
    "assumed.no_data_note": "Le scénario ne dit pas d'où viennent ses nombres.",
    "assumed.note": "Note\u202f: {note}",
    "assumed.synthetic": "Synthétique, un monde inventé et aucune mesure\u202f: {what}.",
    "assumed.no_synthetic": "Aucune prévision ici n'est synthétique.",
    "assumed.file": "Lu à côté du scénario\u202f: {path}",
    "assumed.prices": "Prix qui pèsent ce qui n'a pas de facture",
    "price.carbon_price_per_kg": "Carbone, le kg CO2e",
    "price.carbon_budget_kg": "Budget carbone de l'horizon",
    "price.carbon_excess_price_per_kg": "Carbone au-delà du budget, le kg CO2e en plus",
    "price.reserve_price_per_kw_h": "Réserve qui manque à un site isolé, un kW pendant une heure",
    "price.cost_budget": "Budget de coût de l'horizon",
    "price.cost_excess_price": "Argent au-delà du budget, l'unité en plus",
    "price.water_price_per_l": "Eau, le litre",
    "price.unmet_price_per_kwh": "Puissance non fournie, le kWh",
    "price.unserved_price_per_request": "Une requête sans réponse ou sans protection",
    "price.late_price_per_gpu_h": "Retard, l'heure-GPU",
    "price.unfinished_price_per_gpu_h": "Travail non fini, l'heure-GPU",
    "assumed.baseline": "Le lancement immédiat démarre chaque tâche à son origine, à sa largeur de"
    " base et à pleine puissance, premier arrivé premier servi avec remplissage\u202f; les services"
    " suivent la demande à leur origine\u202f; la batterie prend le surplus\u202f; le groupe ne"
    " tourne que pour ce qui ne serait pas fourni.",
    # Limits
    "limit.gap": "Le plan est à {gap} du meilleur possible (objectif {objective}, borne prouvée"
    " {bound}).",
    "limit.deterministic": "Les mêmes entrées redonnent le même plan (arrêté par {stage}).",
    "limit.not_deterministic": "Le calcul a été arrêté par {stage}\u202f: un autre essai peut"
    " trouver un autre plan.",
    "stage.gap": "l'écart demandé",
    "stage.iterations": "le nombre d'itérations",
    "stage.time-limit": "la limite de temps",
    "stage.interrupted": "l'utilisateur",
    "limit.later": "Laissées à un plan suivant, car elles ne pouvaient finir dans cet"
    " horizon\u202f: {jobs}.",
    "limit.unfinished": "Non finies à leur échéance ferme\u202f: {jobs}.",
    "limit.range": "Les fourchettes tiennent le plan et le lancement immédiat tels quels, batteries"
    " comprises\u202f: qui replanifie, ou laisse réagir une batterie, évite leur pire bout.",
    "limit.expected": "Le plan est fait sur les valeurs attendues des prévisions\u202f; il ne garde"
    " aucune réserve contre leurs erreurs au-delà de ce que demande le scénario.",
    "limit.dispatch": "Les groupes suivent leur charge sans minimum ni coût de démarrage\u202f; le"
    " refroidissement est une droite en puissance informatique, pas à pas.",
    "limit.work": "Les répliques démarrent sans délai\u202f; une tâche commencée ne déménage"
    " pas\u202f; les transferts ne partagent pas leur lien.",
    "limit.carbon": "Les intensités carbone sont des moyennes en cycle de vie\u202f; les effets"
    " marginaux sur le réseau ne sont pas comptés.",
    "limit.end": "Les batteries finissent aussi pleines qu'au début\u202f; la suite du dernier pas"
    " n'a pas de valeur.",
    # Reproduce and data
    "reproduce.command": "Enregistrer le scénario joint ci-dessous ({file})\u202f; puis, avec"
    " les versions ci-dessous\u202f:",
    "reproduce.seed": "Graine du scénario {world}, de la recherche {search}.",
    "reproduce.digest": "SHA-256 des entrées et du plan",
    "reproduce.versions": "Versions",
    "data.text": "Tout ce qui est dessiné ou tabulé ici, les unités dans les noms de colonnes. Les"
    " fichiers sont dans cette page.",
    "data.scenario": "le scénario résolu",
    "data.document": "le calcul entier",
    "licences": "Licences de ce qui dessine les figures",
    "footer": "Fait par Alizé. Dessiné par Vega, Vega-Lite et vega-embed, BSD-3-Clause.",
}
