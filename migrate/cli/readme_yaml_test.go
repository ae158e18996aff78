//go:build unix

package cli_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

var yamlBlock = regexp.MustCompile("(?m)^( *)```yaml\n((?s:.*?))^ *```$")

// yamlBlocks are the documents of each ```yaml block of a Markdown file.
func yamlBlocks(t *testing.T, text string) (blocks [][]map[string]any) {
	t.Helper()
	for _, m := range yamlBlock.FindAllStringSubmatch(text, -1) {
		lines := strings.Split(m[2], "\n")
		for i := range lines {
			lines[i] = strings.TrimPrefix(lines[i], m[1])
		}
		d := yaml.NewDecoder(strings.NewReader(strings.Join(lines, "\n")))
		var documents []map[string]any
		for {
			var document map[string]any
			err := d.Decode(&document)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%v in\n%s", err, m[2])
			}
			documents = append(documents, document)
		}
		blocks = append(blocks, documents)
	}
	return blocks
}

// TestReadmeYAMLIsYAML: every block parses, and what a job engine would refuse or misunderstand is not in it.
func TestReadmeYAMLIsYAML(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := yamlBlocks(t, string(text))
	if len(blocks) != strings.Count(string(text), "```yaml") || len(blocks) < 5 {
		t.Fatalf("%d blocks were read of %d", len(blocks), strings.Count(string(text), "```yaml"))
	}
	var kinds []string
	for _, document := range slices.Concat(blocks...) {
		if document["jobs"] != nil {
			kinds = append(kinds, "workflow")
		}
		if document["kind"] == "Job" {
			kinds = append(kinds, "Job")
			checkJob(t, document["spec"].(map[string]any))
		}
	}
	if want := []string{"workflow", "Job", "Job"}; !slices.Equal(kinds, want) {
		t.Errorf("the README shows %v, want %v", kinds, want)
	}
}

// checkJob holds an Indexed Job against what Kubernetes demands of it, and its number of shards against its completions.
func checkJob(t *testing.T, spec map[string]any) {
	t.Helper()
	pod := spec["template"].(map[string]any)["spec"].(map[string]any)
	if spec["backoffLimitPerIndex"] != nil && (spec["completionMode"] != "Indexed" || pod["restartPolicy"] != "Never") {
		t.Errorf("backoffLimitPerIndex needs completionMode Indexed and restartPolicy Never: %v, %v", spec["completionMode"], pod["restartPolicy"])
	}
	if spec["completionMode"] == nil {
		return
	}
	container := pod["containers"].([]any)[0].(map[string]any)
	for _, v := range container["env"].([]any) {
		if variable := v.(map[string]any); variable["name"] == "JOB_COMPLETIONS" && variable["value"] == strconv.Itoa(spec["completions"].(int)) {
			return
		}
	}
	t.Errorf("JOB_COMPLETIONS is not %v", spec["completions"])
}
