package opendata

import (
	"mlf/query/calendar"
	"mlf/schema/registry"
)

func catalogueTitle() registry.Label {
	return registry.Label{
		IT: "Mettiamoci la faccia: dati aperti", EN: "Mettiamoci la faccia: open data", DE: "Mettiamoci la faccia: offene Daten",
	}
}

func datasetTitle(t table) registry.Label {
	if t == tableReasons {
		return registry.Label{
			IT: "Motivi dei voti dei cittadini sui servizi dei comuni", EN: "Reasons of citizens' votes on municipal services",
			DE: "Gründe der Stimmen von Bürgern zu Diensten der Gemeinden",
		}
	}
	return registry.Label{
		IT: "Voti dei cittadini sui servizi dei comuni", EN: "Citizens' votes on municipal services", DE: "Stimmen von Bürgern zu Diensten der Gemeinden",
	}
}

func titleOf(t table, m calendar.Month) registry.Label {
	l := datasetTitle(t)
	return registry.Label{IT: l.IT + ", " + m.String(), EN: l.EN + ", " + m.String(), DE: l.DE + ", " + m.String()}
}

func descriptionOf(t table) registry.Label {
	if t == tableReasons {
		return registry.Label{
			IT: "Quanti voti di ogni lotto hanno un certo valore e un certo motivo. Si unisce alla tabella dei lotti per release e lot.",
			EN: "How many votes of each lot have a value and a reason. Joined to the table of lots by release and lot.",
			DE: "Wie viele Stimmen jedes Loses einen Wert und einen Grund haben. Verbunden mit der Tabelle der Lose durch release und lot.",
		}
	}
	return registry.Label{
		IT: "Una riga per lotto: voti pubblicati insieme, mai meno della soglia, ciascuno in un solo lotto. Ogni somma di righe è una cifra pubblicata. " +
			"Un mese esce dopo la sua fine e si rivede al più una volta al mese, in edizioni numerate che non cambiano mai.",
		EN: "One row a lot: votes that are published together, never fewer than the threshold, each in one lot only. Every sum of rows is a published figure. " +
			"A month comes out after its end and is revised once a month at most, in numbered vintages that never change.",
		DE: "Eine Zeile je Los: Stimmen, die zusammen veröffentlicht werden, nie weniger als die Schwelle, jede in nur einem Los. Jede Summe von Zeilen ist eine veröffentlichte Zahl. " +
			"Ein Monat erscheint nach seinem Ende und wird höchstens einmal im Monat revidiert, in nummerierten Ausgaben, die sich nie ändern.",
	}
}

func newestDescription() registry.Label {
	return registry.Label{
		IT: "L'edizione più recente del mese; quelle di prima restano al loro indirizzo.", EN: "The newest vintage of the month; those before stay at their addresses.",
		DE: "Die neueste Ausgabe des Monats; frühere bleiben an ihrer Adresse.",
	}
}
