package main

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// What costs time in the executor, done for real: it unpacks the base, and makes all of its layers anew.

// Where a base is unpacked. The executor takes its own root for that.
const rootFolder = "/kaniko/root"

// Unpacks the whole base if any instruction needs files (pkg/executor/build.go: COPY, ADD and RUN do, whatever they say).
func unpackBase(base v1.Image, lines []string) error {
	at := slices.IndexFunc(lines, func(line string) bool {
		word, _, _ := strings.Cut(line, " ")
		return word == "COPY" || word == "ADD" || word == "RUN"
	})
	if at < 0 {
		say("Skipping unpacking as no commands require it.")
		return nil
	}
	layers, err := base.Layers()
	if err != nil {
		return err
	}
	if len(layers) == 0 {
		say("No base image, nothing to extract")
		return nil
	}
	say("Unpacking rootfs as cmd %s requires it.", lines[at])
	for _, layer := range layers {
		if err := unpackLayer(layer); err != nil {
			return err
		}
	}
	return nil
}

func unpackLayer(layer v1.Layer) error {
	stream, err := layer.Uncompressed()
	if err != nil {
		return err
	}
	defer stream.Close()
	reader := tar.NewReader(stream)
	for {
		header, err := reader.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		target := filepath.Join(rootFolder, filepath.Clean("/"+header.Name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		switch header.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(target, 0o755)
		case tar.TypeReg:
			err = write(target, reader, 0o644)
		}
		if err != nil {
			return err
		}
	}
}

// A layer and its step, with the kind of name that the image's other layers have.
func appended(image v1.Image, layer v1.Layer, line string) (v1.Image, error) {
	kind, err := image.MediaType()
	if err != nil {
		return nil, err
	}
	addendum := mutate.Addendum{Layer: layer, History: v1.History{Author: "kaniko", CreatedBy: line}}
	if kind == types.OCIManifestSchema1 {
		addendum.MediaType = types.OCILayer
	}
	return mutate.Append(image, addendum)
}

// What --reproducible does: every layer is read, dated and compressed anew, those of the base too. Then, if the feature is
// on, the base's own are put back. The result is always a Docker image.
func reproducible(image, base v1.Image) (v1.Image, error) {
	canonical, err := mutate.Canonical(image)
	if err != nil || os.Getenv("FF_KANIKO_REPRODUCIBLE_PRESERVE_BASE_LAYERS") != "true" {
		return canonical, err
	}
	layers, err := canonical.Layers()
	if err != nil {
		return nil, err
	}
	kept, err := base.Layers()
	if err != nil {
		return nil, err
	}
	config, err := canonical.ConfigFile()
	if err != nil {
		return nil, err
	}
	var addenda []mutate.Addendum
	for _, layer := range append(kept, layers[len(kept):]...) {
		addenda = append(addenda, mutate.Addendum{Layer: layer, MediaType: types.DockerLayer})
	}
	stacked, err := mutate.Append(empty.Image, addenda...)
	if err != nil {
		return nil, err
	}
	files, err := stacked.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.RootFS = files.RootFS
	return mutate.ConfigFile(stacked, config)
}

// Says which feature variables it does not know, as the executor does at each start (pkg/config/featureflags.go).
func warnOfFeatures(known []string) {
	var unknown []string
	for _, pair := range os.Environ() {
		variable, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(variable, "FF_KANIKO_") && !slices.Contains(known, variable) {
			unknown = append(unknown, variable)
		}
	}
	if len(unknown) > 0 {
		fmt.Fprintf(os.Stderr, "WARN[0000] unknown feature flags set but not recognised by this version of kaniko: %s\n", strings.Join(unknown, ", "))
	}
}
