// Command mlf is the pipeline and statistics service for "Mettiamoci la
// faccia": it takes votes over HTTP into Kafka, counts them per comune, service
// and hour into ClickHouse, and answers with the statistics. Package command
// knows the command line; nothing else is here, since nobody can import it.
package main

import "mlf/command"

func main() { command.Main() }
