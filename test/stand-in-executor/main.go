// A stand-in for Kaniko's executor: its flags and its protocol, and as much of a Containerfile as appdev's tests need.
package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Where the context is unpacked. The executor has its own folder for it, which no COPY reaches.
const contextFolder = "/kaniko/buildcontext"

var begun = time.Now()

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	flags, err := parseFlags(os.Args[1:])
	if err != nil {
		return err
	}
	warnOfFeatures(flags.variables)
	// It unpacks what it gets: never on anybody's machine.
	if os.Getenv("KUBERNETES_SERVICE_HOST") == "" {
		return errors.New("kaniko should only be run inside of a container, run with the --force flag if you are sure you want to continue")
	}
	if os.Getuid() != 0 {
		return errors.New("the executor needs to be root in its container")
	}
	if len(flags.list("destination")) == 0 {
		return errors.New("you must provide --destination, or use --no-push")
	}
	if flags.one("context", "/workspace/") != "tar://stdin" {
		return errors.New("this stand-in takes its context from tar://stdin only")
	}
	if err := unpack(os.Stdin, contextFolder); err != nil {
		return fmt.Errorf("error resolving source context: %w", err)
	}
	path := filepath.Join(contextFolder, flags.one("dockerfile", "Dockerfile"))
	text, err := os.ReadFile(path)
	if err != nil {
		return errors.New("error resolving dockerfile path: please provide a valid path to a Dockerfile within the build context with --dockerfile")
	}
	var references []name.Reference
	for _, destination := range flags.list("destination") {
		reference, err := flags.reference(destination, flags.on("insecure"))
		if err != nil {
			return err
		}
		references = append(references, reference)
		transport, err := flags.transport(reference.Context().RegistryStr())
		if err != nil {
			return err
		}
		if err := remote.CheckPushPermission(reference, authn.DefaultKeychain, transport); err != nil {
			return fmt.Errorf("error checking push permissions -- make sure you entered the correct tag name, and that you are authenticated correctly, and try again: checking push permission for %q: %w", destination, err)
		}
	}
	image, err := build(string(text), flags, ignored(path))
	if err != nil {
		return fmt.Errorf("error building image: %w", err)
	}
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	// Before the push, as the executor does (pkg/executor/push.go): a push that is refused leaves it as well.
	if file := flags.one("digest-file", ""); file != "" {
		if err := os.WriteFile(file, []byte(digest.String()), 0o644); err != nil {
			return err
		}
	}
	for _, reference := range references {
		say("Pushing image to %s", reference)
		transport, err := flags.transport(reference.Context().RegistryStr())
		if err != nil {
			return err
		}
		if err := remote.Write(reference, image, remote.WithTransport(transport), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
			return fmt.Errorf("error pushing image: failed to push to destination %s: %w", reference, err)
		}
		say("Pushed %s@%s", reference.Context(), digest)
	}
	// No line of the executor's: the benchmark takes it off to see what the pod around it costs.
	say("the stand-in took %d ms", time.Since(begun).Milliseconds())
	return nil
}

// A line as the executor logs with --log-format=text.
func say(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "INFO[%04d] %s\n", int(time.Since(begun).Seconds()), fmt.Sprintf(format, values...))
}

// Gets an image as the executor does: by the mapped registries first, then by its own.
func retrieve(text string, flags *flagSet) (v1.Image, error) {
	say("Retrieving image manifest %s", text)
	reference, err := name.ParseReference(text, name.WeakValidation)
	if err != nil {
		return nil, err
	}
	original := reference.Context()
	for _, mapped := range flags.mapped(original.RegistryStr()) {
		host, prefix, _ := strings.Cut(mapped, "/")
		if prefix != "" {
			prefix += "/"
		}
		other := strings.Replace(reference.Name(), original.Name(), host+"/"+prefix+original.RepositoryStr(), 1)
		parsed, err := flags.reference(other, flags.on("insecure-pull"))
		if err != nil {
			return nil, err
		}
		say("Retrieving image %s from mapped registry %s", parsed, host)
		image, err := flags.image(parsed)
		if err == nil {
			return image, nil
		}
		fmt.Fprintf(os.Stderr, "WARN[0000] Failed to retrieve image %s from remapped registry %s: %s. Will try with the next registry, or fallback to the original registry.\n", parsed, host, err)
	}
	parsed, err := flags.reference(text, flags.on("insecure-pull"))
	if err != nil {
		return nil, err
	}
	say("Retrieving image %s from registry %s", parsed, original.RegistryStr())
	return flags.image(parsed)
}

func (flags *flagSet) image(reference name.Reference) (v1.Image, error) {
	transport, err := flags.transport(reference.Context().RegistryStr())
	if err != nil {
		return nil, err
	}
	return remote.Image(reference, remote.WithTransport(transport), remote.WithAuthFromKeychain(authn.DefaultKeychain))
}

func unpack(stream io.Reader, folder string) error {
	zipped, err := gzip.NewReader(stream)
	if err != nil {
		return err
	}
	reader := tar.NewReader(zipped)
	for {
		header, err := reader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		target := filepath.Join(folder, filepath.Clean("/"+header.Name))
		mode := os.FileMode(header.Mode).Perm()
		switch header.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(target, mode)
		case tar.TypeSymlink:
			if err = os.MkdirAll(filepath.Dir(target), 0o755); err == nil {
				err = os.Symlink(header.Linkname, target)
			}
		case tar.TypeReg:
			if err = os.MkdirAll(filepath.Dir(target), 0o755); err == nil {
				if err = write(target, reader, mode); err == nil {
					err = os.Chtimes(target, header.ModTime, header.ModTime)
				}
			}
		default:
			err = fmt.Errorf("%s is of a kind that this stand-in does not know", header.Name)
		}
		if err != nil {
			return err
		}
	}
	// To the very end: the checksum is behind the last entry.
	_, err = io.Copy(io.Discard, zipped)
	return err
}

func write(path string, content io.Reader, mode os.FileMode) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, content); err != nil {
		return err
	}
	return file.Close()
}

// What the ignore file excludes: the one of the Dockerfile, else the context's. Plain names only.
func ignored(dockerfile string) []string {
	for _, path := range []string{dockerfile + ".dockerignore", filepath.Join(contextFolder, ".dockerignore")} {
		if text, err := os.ReadFile(path); err == nil {
			return strings.Fields(string(text))
		}
	}
	return nil
}

func emptyBase() v1.Image {
	return mutate.MediaType(empty.Image, "application/vnd.docker.distribution.manifest.v2+json")
}
