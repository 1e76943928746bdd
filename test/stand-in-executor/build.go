package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// Carries out the instructions of one stage.
func build(text string, flags *flagSet, ignore []string) (v1.Image, error) {
	var image, base v1.Image
	var config v1.Config
	lines := instructions(text)
	arguments := map[string]string{}
	for _, pair := range flags.list("build-arg") {
		key, value, _ := strings.Cut(pair, "=")
		arguments[key] = value
	}
	for _, line := range lines {
		word, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimSpace(rest)
		say("%s", line)
		if image == nil && word != "FROM" && word != "ARG" {
			return nil, fmt.Errorf("no build stage in current context: %s", line)
		}
		switch word {
		case "FROM":
			if image != nil {
				return nil, fmt.Errorf("this stand-in builds one stage only")
			}
			var err error
			if base, err = from(expand(rest, arguments), flags); err != nil {
				return nil, err
			}
			image = base
			if err := unpackBase(base, lines); err != nil {
				return nil, fmt.Errorf("error building stage: failed to get filesystem from image: %w", err)
			}
			file, err := image.ConfigFile()
			if err != nil {
				return nil, err
			}
			config = *file.Config.DeepCopy()
		case "ARG":
			key, value, given := strings.Cut(rest, "=")
			if _, ok := arguments[key]; given && !ok {
				arguments[key] = value
			}
		case "COPY":
			layer, err := copyLayer(expand(rest, arguments), config.WorkingDir, ignore)
			if err != nil {
				return nil, fmt.Errorf("error building stage: failed to execute command: %w", err)
			}
			if image, err = appended(image, layer, line); err != nil {
				return nil, err
			}
		case "ENTRYPOINT", "CMD":
			var list []string
			if json.Unmarshal([]byte(rest), &list) != nil {
				list = []string{"/bin/sh", "-c", rest}
			}
			if word == "CMD" {
				config.Cmd = list
			} else {
				config.Entrypoint, config.Cmd = list, nil
			}
		case "ENV", "LABEL":
			key, value, _ := strings.Cut(expand(rest, arguments), "=")
			value = strings.Trim(value, `"`)
			if word == "ENV" {
				config.Env = append(config.Env, key+"="+value)
			} else {
				label(&config, key, value)
			}
		case "WORKDIR":
			config.WorkingDir = path.Join("/", config.WorkingDir, expand(rest, arguments))
			if path.IsAbs(rest) {
				config.WorkingDir = path.Clean(rest)
			}
		case "USER":
			config.User = expand(rest, arguments)
		case "EXPOSE":
			if config.ExposedPorts == nil {
				config.ExposedPorts = map[string]struct{}{}
			}
			config.ExposedPorts[rest+"/tcp"] = struct{}{}
		case "RUN":
			if err := pretend(strings.Fields(rest)); err != nil {
				return nil, fmt.Errorf("error building stage: failed to execute command: %w", err)
			}
		default:
			return nil, fmt.Errorf("this stand-in does not know %s", word)
		}
	}
	if image == nil {
		return nil, fmt.Errorf("the Dockerfile names no base image")
	}
	for _, pair := range flags.list("label") {
		key, value, _ := strings.Cut(pair, "=")
		label(&config, key, value)
	}
	file, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.Config, file.Created = config, v1.Time{Time: time.Now()}
	if image, err = mutate.ConfigFile(image, file); err != nil {
		return nil, err
	}
	if flags.on("reproducible") {
		return reproducible(image, base)
	}
	return image, nil
}

func from(reference string, flags *flagSet) (v1.Image, error) {
	if reference == "scratch" {
		return emptyBase(), nil
	}
	return retrieve(reference, flags)
}

func label(config *v1.Config, key, value string) {
	if config.Labels == nil {
		config.Labels = map[string]string{}
	}
	config.Labels[key] = value
}

// Time and failure on demand: `RUN sleep 5`, `RUN exit 3`.
func pretend(words []string) error {
	if len(words) == 2 && words[0] == "sleep" {
		seconds, err := strconv.Atoi(words[1])
		time.Sleep(time.Duration(seconds) * time.Second)
		return err
	}
	if len(words) == 2 && words[0] == "exit" {
		return fmt.Errorf("waiting for process to exit: exit status %s", words[1])
	}
	return fmt.Errorf("this stand-in runs nothing but sleep and exit: %s", strings.Join(words, " "))
}

func instructions(text string) []string {
	var found []string
	for _, line := range strings.Split(strings.ReplaceAll(text, "\\\n", " "), "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			found = append(found, line)
		}
	}
	return found
}

func expand(text string, arguments map[string]string) string {
	return os.Expand(text, func(key string) string { return arguments[key] })
}

// One layer with what a COPY copies: entries in order, with the times of the files.
func copyLayer(rest, workdir string, ignore []string) (v1.Layer, error) {
	words := strings.Fields(rest)
	uid, gid := 0, 0
	for len(words) > 0 && strings.HasPrefix(words[0], "--") {
		owner, ok := strings.CutPrefix(words[0], "--chown=")
		if !ok {
			return nil, fmt.Errorf("this stand-in does not know %s", words[0])
		}
		if _, err := fmt.Sscanf(owner, "%d:%d", &uid, &gid); err != nil {
			return nil, fmt.Errorf("this stand-in takes numbers for --chown: %s", owner)
		}
		words = words[1:]
	}
	target := words[len(words)-1]
	if !path.IsAbs(target) {
		target = path.Join("/", workdir, target) + map[bool]string{true: "/"}[strings.HasSuffix(target, "/") || target == "."]
	}
	files := map[string]string{}
	for _, word := range words[:len(words)-1] {
		matches, _ := filepath.Glob(filepath.Join(contextFolder, word))
		if len(matches) == 0 {
			return nil, fmt.Errorf("failed to get fileinfo for %s: lstat %s: no such file or directory", filepath.Join(contextFolder, word), filepath.Join(contextFolder, word))
		}
		for _, match := range matches {
			if err := collect(match, target, ignore, files); err != nil {
				return nil, err
			}
		}
	}
	return layerOf(files, uid, gid)
}

// Files of the image by path, with where they are in the context; folders end with a slash.
func collect(source, target string, ignore []string, files map[string]string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		if strings.HasSuffix(target, "/") {
			target = path.Join(target, filepath.Base(source))
		}
		files[target] = source
		return nil
	}
	return filepath.Walk(source, func(file string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		inContext, _ := filepath.Rel(contextFolder, file)
		if slices.Contains(ignore, inContext) {
			if info.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		below, _ := filepath.Rel(source, file)
		name := path.Join(target, below)
		if info.IsDir() {
			name += "/"
		}
		files[name] = file
		return nil
	})
}

func layerOf(files map[string]string, uid, gid int) (v1.Layer, error) {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, name := range names {
		info, err := os.Lstat(files[name])
		if err != nil {
			return nil, err
		}
		link := ""
		if info.Mode()&os.ModeSymlink != 0 {
			link, _ = os.Readlink(files[name])
		}
		header, err := tar.FileInfoHeader(info, link)
		if err != nil {
			return nil, err
		}
		header.Name, header.Uid, header.Gid, header.Uname, header.Gname = strings.TrimPrefix(name, "/"), uid, gid, "", ""
		// As the executor does (pkg/util/tar_util.go): this format has the times of access and change as well, and nobody can
		// set the latter. So equal content is other bytes each time.
		header.Format = tar.FormatPAX
		if header.Name == "" {
			continue
		}
		if err := writer.WriteHeader(header); err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() {
			file, err := os.Open(files[name])
			if err != nil {
				return nil, err
			}
			if _, err := io.Copy(writer, file); err != nil {
				return nil, err
			}
			file.Close()
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buffer.Bytes())), nil })
}
