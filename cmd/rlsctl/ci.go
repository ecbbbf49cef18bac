package main

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/rlsctl/rlsctl/policies"
)

// remark is one finding of check or doctor, for tools that show findings of many programs.
type remark struct {
	code          policies.Code
	severity      policies.Severity
	message, hint string
	file          string // "" where it is about the database
	pos           policies.Pos
}

// The parts of SARIF 2.1.0 that are used. Source: OASIS, Static Analysis Results Interchange Format.
type (
	sarifText struct {
		Text string `json:"text"`
	}
	sarifRule struct {
		ID string `json:"id"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
	sarifPlace struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region *sarifRegion `json:"region,omitempty"`
		} `json:"physicalLocation"`
	}
	sarifResult struct {
		RuleID    string       `json:"ruleId"`
		Level     string       `json:"level"`
		Message   sarifText    `json:"message"`
		Locations []sarifPlace `json:"locations,omitempty"`
	}
	sarifRun struct {
		Tool struct {
			Driver struct {
				Name  string      `json:"name"`
				Rules []sarifRule `json:"rules"`
			} `json:"driver"`
		} `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
)

// sarif prints remarks as SARIF.
func (a *app) sarif(list []remark) error {
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver.Name, run.Tool.Driver.Rules = "rlsctl", []sarifRule{}
	seen := map[policies.Code]bool{}
	for _, r := range list {
		if !seen[r.code] {
			seen[r.code] = true
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{string(r.code)})
		}
		result := sarifResult{RuleID: string(r.code), Level: string(r.severity), Message: sarifText{sentence(r)}}
		if r.file != "" {
			var p sarifPlace
			p.Physical.Artifact.URI = r.file
			if r.pos.Line > 0 {
				p.Physical.Region = &sarifRegion{r.pos.Line, r.pos.Column}
			}
			result.Locations = []sarifPlace{p}
		}
		run.Results = append(run.Results, result)
	}
	return a.json(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

func sentence(r remark) string {
	if r.hint == "" {
		return r.message
	}
	return r.message + "\nhint: " + r.hint
}

// The parts of JUnit's XML that CI servers read.
type (
	junitFailure struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
)

// junit prints remarks as one suite of JUnit: errors are failures, the rest passes with what is said. Without any there is
// one case that passes, because some servers take an empty suite for a mistake.
func (a *app) junit(name string, list []remark) error {
	suite := junitSuite{Name: "rlsctl " + name}
	for _, r := range list {
		c := junitCase{Name: string(r.code) + " " + printable(r.message), Class: "rlsctl." + name}
		text := sentence(r)
		if r.file != "" {
			text = fmt.Sprintf("%s:%d:%d: %s", r.file, r.pos.Line, r.pos.Column, text)
		}
		if r.severity == policies.Error {
			suite.Failures++
			c.Failure = &junitFailure{Message: printable(r.message), Type: string(r.code), Text: printableLines(text)}
		} else {
			c.Output = printableLines(text)
		}
		suite.Cases = append(suite.Cases, c)
	}
	if len(suite.Cases) == 0 {
		suite.Cases = []junitCase{{Name: name, Class: "rlsctl." + name}}
	}
	suite.Tests = len(suite.Cases)
	if _, err := io.WriteString(a.Out, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(a.Out)
	e.Indent("", "  ")
	if err := e.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(a.Out, "\n")
	return err
}
