// Ory Hydra's command, for the interoperability tests.
package main

import "github.com/ory/hydra/v2/cmd"

func main() { cmd.Execute() }
