package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Version is the Kafka that is fetched and run. Its jars need Java 17.
const Version = "4.4.0"

// project is the Maven project whose dependencies are all that a broker's class
// path needs. Kafka's own jars bring log4j, but not its binding to slf4j 1.7.
const project = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>mlf</groupId><artifactId>kafka-broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>` + Version + `</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.5</version><scope>runtime</scope></dependency>
  </dependencies>
</project>
`

// copyGoal is the Maven plugin and goal that lay the jars into one folder.
const copyGoal = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"

// Fetch returns the folder with Kafka's jars, and gets them through Maven when
// they are not there yet: 45 jars, 43 MB, which takes seconds. What Maven says
// goes to progress. The folder lies in $MLF_CACHE, else in the user's cache
// folder. Two processes may fetch at once.
func Fetch(ctx context.Context, progress io.Writer) (lib string, err error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	lib = filepath.Join(cache, "kafka-"+Version)
	if fetched(lib) {
		return lib, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("make cache folder: %w", err)
	}
	work, err := os.MkdirTemp(cache, "kafka-fetch-")
	if err != nil {
		return "", fmt.Errorf("make folder to fetch into: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	jars := filepath.Join(work, "lib")
	if err := copyJars(ctx, work, jars, progress); err != nil {
		return "", fmt.Errorf("fetch Kafka %s: %w", Version, err)
	}
	// The folder appears whole or not at all. It may be there already: another
	// process was faster.
	if err := os.Rename(jars, lib); err != nil && !fetched(lib) {
		return "", fmt.Errorf("move Kafka's jars into the cache: %w", err)
	}
	return lib, nil
}

func cacheDir() (string, error) {
	if dir := os.Getenv("MLF_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache folder (or set MLF_CACHE): %w", err)
	}
	return filepath.Join(dir, "mlf"), nil
}

// fetched tells whether lib holds the broker's own jar.
func fetched(lib string) bool {
	_, err := os.Stat(filepath.Join(lib, "kafka_2.13-"+Version+".jar"))
	return err == nil
}

// copyJars runs Maven in work.
func copyJars(ctx context.Context, work, jars string, progress io.Writer) error {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return fmt.Errorf("find mvn: install Maven, on Debian with apt-get install maven (%w)", err)
	}
	pom := filepath.Join(work, "pom.xml")
	if err := os.WriteFile(pom, []byte(project), 0o600); err != nil {
		return fmt.Errorf("write Maven project: %w", err)
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, mvn, "--batch-mode", "--no-transfer-progress", "--file", pom,
		copyGoal, "-DincludeScope=runtime", "-DoutputDirectory="+jars)
	cmd.Dir = work
	cmd.Stdout = io.MultiWriter(&said, progress)
	cmd.Stderr = cmd.Stdout
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", mvn, err, tail(said.Bytes()))
	}
	if !fetched(jars) {
		return fmt.Errorf("run %s: it brought no kafka_2.13-%s.jar", mvn, Version)
	}
	return nil
}

// tailBytes is how much of a program's output an error shows.
const tailBytes = 2000

// tail returns the last lines of what a program said.
func tail(said []byte) []byte {
	return said[max(0, len(said)-tailBytes):]
}
