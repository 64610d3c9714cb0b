// Reads Kubernetes objects as a JSON list and checks their pods against the restricted Pod Security
// Standard, with the code of a cluster's admission controller.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

type object struct {
	Kind     string
	Metadata metav1.ObjectMeta
	Spec     struct{ Template *corev1.PodTemplateSpec }
}

func main() {
	var objects []object
	if err := json.NewDecoder(os.Stdin).Decode(&objects); err != nil {
		fail(err)
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		fail(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	judged, violations := 0, 0
	for _, object := range objects {
		pod := object.Spec.Template
		if pod == nil {
			continue
		}
		judged++
		for _, result := range evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
			if !result.Allowed {
				violations++
				fmt.Fprintf(os.Stderr, "%s %s: %s: %s\n", object.Kind, object.Metadata.Name,
					result.ForbiddenReason, result.ForbiddenDetail)
			}
		}
	}
	fmt.Println(judged)
	if violations > 0 {
		os.Exit(1)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}
