package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

//go:embed flags.json
var documentedText []byte

type flagSet struct {
	values map[string][]string
	// The feature variables that are known.
	variables []string
}

// Takes `--name=value` and, for a bool, `--name`. Any flag that the executor does not document is an error, as there.
func parseFlags(args []string) (*flagSet, error) {
	var documented struct {
		Flags     []struct{ Name, Kind string }
		Variables []string
	}
	if err := json.Unmarshal(documentedText, &documented); err != nil {
		return nil, err
	}
	kinds := map[string]string{}
	for _, flag := range documented.Flags {
		kinds[flag.Name] = flag.Kind
	}
	flags := &flagSet{map[string][]string{}, documented.Variables}
	for _, arg := range args {
		flag, value, given := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		kind, ok := kinds[flag]
		if !ok || !strings.HasPrefix(arg, "--") {
			return nil, fmt.Errorf("Error: unknown flag: %s", arg)
		}
		var err error
		switch {
		case kind == "bool" && !given:
			value = "true"
		case kind == "bool":
			_, err = strconv.ParseBool(value)
		case !given:
			err = fmt.Errorf("flag needs an argument")
		case kind == "int":
			_, err = strconv.Atoi(value)
		case kind == "duration":
			_, err = time.ParseDuration(value)
		}
		if err != nil {
			return nil, fmt.Errorf("Error: invalid argument %q for %q flag: %w", value, arg, err)
		}
		if kind != "list" && len(flags.values[flag]) > 0 {
			return nil, fmt.Errorf("Error: --%s is given twice", flag)
		}
		flags.values[flag] = append(flags.values[flag], value)
	}
	return flags, nil
}

func (flags *flagSet) list(flag string) []string { return flags.values[flag] }

func (flags *flagSet) on(flag string) bool { return flags.one(flag, "false") == "true" }

func (flags *flagSet) one(flag, otherwise string) string {
	if values := flags.values[flag]; len(values) > 0 {
		return values[0]
	}
	return otherwise
}

// What a registry is asked by instead of its own name, best first.
func (flags *flagSet) mapped(registry string) []string {
	var found []string
	for _, value := range flags.list("registry-map") {
		for _, pair := range strings.Split(value, ";") {
			if from, to, _ := strings.Cut(pair, "="); from == registry {
				found = append(found, to)
			}
		}
	}
	if registry == name.DefaultRegistry {
		found = append(found, flags.list("registry-mirror")...)
	}
	return found
}

// A reference, to be spoken to by plain HTTP if a flag says so for its registry.
func (flags *flagSet) reference(text string, insecure bool) (name.Reference, error) {
	parsed, err := name.ParseReference(text, name.WeakValidation)
	if err != nil {
		return nil, err
	}
	if insecure || slices.Contains(flags.list("insecure-registry"), parsed.Context().RegistryStr()) {
		return name.ParseReference(text, name.WeakValidation, name.Insecure)
	}
	return parsed, nil
}
